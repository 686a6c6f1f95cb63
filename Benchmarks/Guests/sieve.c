// Sieve of Eratosthenes over an array of bytes larger than a second-level cache: strided stores, then a scan.

#include "guest.h"

enum { SIZE = 1536 * 1024, PASSES = 28 };

static uint8_t composite[SIZE];

static NOINLINE uint64_t sieve(uint64_t limit) {
  for (uint64_t i = 0; i < limit; i++) {
    composite[i] = 0;
  }
  for (uint64_t i = 2; i * i < limit; i++) {
    if (composite[i]) {
      continue;
    }
    for (uint64_t j = i * i; j < limit; j += i) {
      composite[j] = 1;
    }
  }
  uint64_t count = 0;
  uint64_t last = 0;
  for (uint64_t i = 2; i < limit; i++) {
    if (!composite[i]) {
      count++;
      last = i;
    }
  }
  return last << 32 | count;
}

void guest_main(void) {
  uint64_t checksum = 0;
  for (uint64_t pass = 0; pass < PASSES; pass++) {
    checksum = fold(checksum, sieve(SIZE - pass * 977));
  }
  finish("sieve", checksum);
}
