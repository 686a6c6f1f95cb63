// What every benchmark guest shares: ports, COM1, the one line of output, and the ways to end the machine.
//
// A guest is one translation unit with a `guest_main`, so everything here is static and there is no library.

#ifndef GUEST_H
#define GUEST_H

#include <stddef.h>
#include <stdint.h>

// Keeps a function a real call: what is measured is the guest's work, not what the compiler folds away.
#define NOINLINE __attribute__((noinline))

enum {
  COM1_DATA = 0x3F8,             // and, while DLAB is set, the divisor's low byte
  COM1_INTERRUPT_ENABLE = 0x3F9, // and the divisor's high byte
  COM1_LINE_CONTROL = 0x3FB,
  COM1_LINE_STATUS = 0x3FD,
  COM1_HOLDING_EMPTY = 0x20,
  COM1_SHIFT_EMPTY = 0x40,
  EXIT_PORT = 0xF4,
  SHUTDOWN_PORT = 0x8900,
};

void guest_main(void);

static inline void outb(uint16_t port, uint8_t value) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t inb(uint16_t port) {
  uint8_t value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
  return value;
}

// 115,200 baud, 8 bits, no parity. Nobody has set the line up on a direct boot, and after firmware it may well be at 5
// bits a character and a tenth of the speed.
static void open_line(void) {
  outb(COM1_LINE_CONTROL, 0x83);
  outb(COM1_DATA, 1);
  outb(COM1_INTERRUPT_ENABLE, 0);
  outb(COM1_LINE_CONTROL, 0x03);
}

static void put_char(char c) {
  while ((inb(COM1_LINE_STATUS) & COM1_HOLDING_EMPTY) == 0) {
  }
  outb(COM1_DATA, (uint8_t)c);
}

static void put_string(const char *s) {
  while (*s != '\0') {
    put_char(*s++);
  }
}

// Prints `NAME checksum=<16 hex digits>` and ends the machine.
//
// Port F4h ends it where there is an exit device; elsewhere the write goes nowhere and the word on port 8900h does it.
static _Noreturn void finish(const char *name, uint64_t checksum) {
  open_line();
  put_string(name);
  put_string(" checksum=");
  for (int shift = 60; shift >= 0; shift -= 4) {
    put_char("0123456789abcdef"[(checksum >> shift) & 15]);
  }
  put_char('\n');
  // A UART takes its time over the last byte, and an emulator that ends at once would lose it: wait until the shift
  // register is empty too.
  while ((inb(COM1_LINE_STATUS) & COM1_SHIFT_EMPTY) == 0) {
  }
  outb(EXIT_PORT, 0);
  for (const char *s = "Shutdown"; *s != '\0'; s++) {
    outb(SHUTDOWN_PORT, (uint8_t)*s);
  }
  for (;;) {
    __asm__ volatile("cli; hlt");
  }
}

// One step of a 64-bit linear congruential generator. Its low bits are poor, so users take high ones.
static inline uint64_t next_random(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return *state;
}

// Folds one value into a checksum so that order matters.
static inline uint64_t fold(uint64_t checksum, uint64_t value) {
  checksum = (checksum << 7 | checksum >> 57) ^ value;
  return checksum * 0x9E3779B97F4A7C15u;
}

#endif
