// The boot's page tables: 2-MiB pages, their directory at 3000h.

#ifndef PAGING_H
#define PAGING_H

#include "guest.h"

static volatile uint64_t *const page_directory = (volatile uint64_t *)0x3000;

enum { REUSED = 8, OTHER = 9, ROUNDS = 20000000 };

static inline void invlpg(uint64_t address) { __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory"); }

// Maps 16 MiB to 18 MiB, with or without INVLPG, and reads there again and again.
#define READ_REMAPPED(name, invalidates)                                     \
  void guest_main(void) {                                                    \
    volatile uint64_t *page = (volatile uint64_t *)((uint64_t)REUSED << 21); \
    volatile uint64_t *other = (volatile uint64_t *)((uint64_t)OTHER << 21); \
    *page = 1;                                                               \
    *other = 1;                                                              \
    page_directory[REUSED] = page_directory[OTHER];                          \
    if (invalidates) {                                                       \
      invlpg((uint64_t)page);                                                \
    }                                                                        \
    uint64_t sum = 0;                                                        \
    for (uint64_t i = 0; i < ROUNDS / (invalidates ? 1 : 10); i++) {         \
      sum += *page;                                                          \
    }                                                                        \
    finish(name, fold(0, sum));                                              \
  }

// Stores to one word again and again; bit 9 of an entry means nothing to the processor.
#define STORE_TO(name, word)                      \
  void guest_main(void) {                         \
    volatile uint64_t *place = (word);            \
    uint64_t value = *place;                      \
    for (uint64_t i = 0; i < ROUNDS / 2; i++) {   \
      *place = value ^ (i & 1) << 9;              \
    }                                             \
    finish(name, fold(0, ROUNDS));                \
  }

#endif
