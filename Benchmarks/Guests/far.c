// Works on for ever, and leaves tracks: 8 MiB are written again and again, so that every snapshot has something to keep.

#include "guest.h"

enum { WORDS = 1024 * 1024 };

static uint64_t words[WORDS];

static NOINLINE uint64_t round_of(uint64_t seed) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < WORDS; i++) {
    uint64_t x = words[i] + seed;
    x ^= x >> 29;
    x *= 0x9e3779b97f4a7c15;
    x ^= x >> 32;
    words[i] = x;
    sum += x & i;
  }
  return sum;
}

void guest_main(void) {
  for (uint64_t round = 1; round != 0; round++) {
    round_of(round);
  }
  finish("far", 0);
}
