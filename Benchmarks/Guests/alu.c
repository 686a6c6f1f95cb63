// Arithmetic in registers: adds, logic, shifts, rotates and multiplications of 64 and 32 bits, hardly a load or store.

#include "guest.h"

enum { ROUNDS = 7000000 };

static inline uint64_t rotate64(uint64_t x, int n) { return x << n | x >> (64 - n); }

static inline uint32_t rotate32(uint32_t x, int n) { return x << n | x >> (32 - n); }

// A multiply-and-shift finalizer: long dependent chains.
static inline uint64_t mix64(uint64_t x) {
  x ^= x >> 30;
  x *= 0xBF58476D1CE4E5B9u;
  x ^= x >> 27;
  x *= 0x94D049BB133111EBu;
  return x ^ x >> 31;
}

// Additions, rotations and exclusive ors of four words: short chains side by side.
static inline void quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d) {
  *a += *b;
  *d = rotate32(*d ^ *a, 16);
  *c += *d;
  *b = rotate32(*b ^ *c, 12);
  *a += *b;
  *d = rotate32(*d ^ *a, 8);
  *c += *d;
  *b = rotate32(*b ^ *c, 7);
}

void guest_main(void) {
  uint64_t s0 = 0x0123456789ABCDEFu;
  uint64_t s1 = 0xFEDCBA9876543210u;
  uint64_t sum = 0;
  uint32_t a = 0x61707865, b = 0x3320646E, c = 0x79622D32, d = 0x6B206574;
  int64_t walk = 0;

  for (uint64_t i = 0; i < ROUNDS; i++) {
    // Shift and rotate.
    uint64_t t = s1 ^ s0;
    sum += rotate64(s0 + s1, 17) + s0;
    s0 = rotate64(s0, 49) ^ t ^ t << 21;
    s1 = rotate64(t, 28);

    // Multiply: the low half, both halves, signed.
    sum ^= mix64(s0 + i);
    unsigned __int128 wide = (unsigned __int128)s1 * (sum | 1);
    sum += (uint64_t)wide ^ (uint64_t)(wide >> 64);
    walk += (int64_t)(int32_t)a * (int32_t)c;
    walk -= walk >> 3;

    // 32 bits.
    quarter(&a, &b, &c, &d);
    b ^= (uint32_t)sum;
    quarter(&a, &b, &c, &d);
    d += b * 0x85EBCA6Bu;

    // A variable count, a carry, a choice, a narrow value.
    sum = rotate64(sum, (int)(i & 31) + 1);
    s1 += sum < s0;
    sum += (walk < 0 ? s0 : s1) >> 5;
    sum -= (uint16_t)(d >> 8);
    s0 ^= (uint64_t)(int64_t)(int8_t)c & ~sum;
  }

  uint64_t checksum = fold(fold(s0, s1), sum);
  checksum = fold(checksum, (uint64_t)a << 32 | b);
  checksum = fold(checksum, (uint64_t)c << 32 | d);
  finish("alu", fold(checksum, (uint64_t)walk));
}
