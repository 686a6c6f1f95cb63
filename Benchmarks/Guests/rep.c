// Repeated string instructions over buffers of 4 KiB to 64 KiB, aligned and not.

#include "guest.h"

enum { SIZE = 64 * 1024, SLACK = 64, PASSES = 1200 };

static uint8_t source[SIZE + SLACK] __attribute__((aligned(4096)));
static uint8_t target[SIZE + SLACK] __attribute__((aligned(4096)));

#define MOVE(NAME, INSTRUCTION)                                                                              \
  static NOINLINE void NAME(void *to, const void *from, size_t count) {                                      \
    __asm__ volatile("rep " INSTRUCTION : "+D"(to), "+S"(from), "+c"(count) : : "memory");                   \
  }

#define STORE(NAME, INSTRUCTION)                                                                             \
  static NOINLINE void NAME(void *to, uint64_t value, size_t count) {                                        \
    __asm__ volatile("rep " INSTRUCTION : "+D"(to), "+c"(count) : "a"(value) : "memory");                    \
  }

MOVE(move_bytes, "movsb")
MOVE(move_dwords, "movsl")
MOVE(move_qwords, "movsq")
STORE(store_bytes, "stosb")
STORE(store_dwords, "stosl")
STORE(store_qwords, "stosq")

// How many bytes are left when the two buffers first differ; 0 when they do not before the last byte.
static NOINLINE size_t compare_bytes(const void *a, const void *b, size_t count) {
  __asm__ volatile("repe cmpsb" : "+S"(a), "+D"(b), "+c"(count) : : "cc", "memory");
  return count;
}

// How many bytes are left after the first byte that is `value`; 0 when there is none before the last.
static NOINLINE size_t scan_bytes(const void *s, uint8_t value, size_t count) {
  __asm__ volatile("repne scasb" : "+D"(s), "+c"(count) : "a"(value) : "cc", "memory");
  return count;
}

static uint64_t sample(const uint8_t *bytes) {
  uint64_t checksum = 0;
  for (size_t i = 0; i < SIZE; i += 1021) {
    checksum = fold(checksum, bytes[i]);
  }
  return checksum;
}

void guest_main(void) {
  uint64_t random = 5;
  uint64_t checksum = 0;
  for (size_t i = 0; i < sizeof source; i++) {
    // Never FFh, which the scan looks for.
    source[i] = (uint8_t)((next_random(&random) >> 40) % 255);
  }
  for (uint64_t pass = 0; pass < PASSES; pass++) {
    size_t skew = pass % 5;
    source[pass * 211 % SIZE] ^= (uint8_t)(pass % 3);
    for (size_t size = 4096; size <= SIZE; size *= 2) {
      move_qwords(target, source, size / 8);
      move_bytes(target + skew, source, size);
      checksum = fold(checksum, compare_bytes(target + skew, source, size));
      checksum = fold(checksum, sample(target));
      store_qwords(target, checksum, size / 8);
      move_dwords(target + size / 2, source + skew, size / 8);
      checksum = fold(checksum, scan_bytes(source, 0xFF, size));
      checksum = fold(checksum, sample(target));
      store_bytes(target + skew, checksum, size);
      store_dwords(target + skew, checksum >> 8, size / 8);
      checksum = fold(checksum, sample(target));
    }
  }
  finish("rep", checksum);
}
