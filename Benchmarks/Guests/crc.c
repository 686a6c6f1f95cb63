// CRC-32 (IEEE 802.3), a byte and a table entry at a time: a chain of dependent loads.

#include "guest.h"

enum { SIZE = 256 * 1024, PASSES = 380 };

static uint32_t table[256];
static uint8_t buffer[SIZE];

static void make_table(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; bit++) {
      value = (value & 1) ? value >> 1 ^ 0xEDB88320u : value >> 1;
    }
    table[i] = value;
  }
}

static NOINLINE uint32_t crc32(uint32_t crc, const uint8_t *bytes, size_t count) {
  crc = ~crc;
  for (size_t i = 0; i < count; i++) {
    crc = table[(crc ^ bytes[i]) & 0xFF] ^ crc >> 8;
  }
  return ~crc;
}

void guest_main(void) {
  make_table();
  uint64_t random = 1;
  for (size_t i = 0; i < SIZE; i++) {
    buffer[i] = (uint8_t)(next_random(&random) >> 40);
  }
  // The check value that every CRC-32 has for these nine bytes; it makes the line depend on the definition.
  uint64_t checksum = crc32(0, (const uint8_t *)"123456789", 9);
  for (uint32_t pass = 0; pass < PASSES; pass++) {
    checksum = fold(checksum, crc32(pass, buffer, SIZE));
  }
  finish("crc", checksum);
}
