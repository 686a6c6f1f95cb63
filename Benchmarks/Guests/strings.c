// Text work a byte at a time, as a C library without tricks does it: lengths, comparisons, searches, numbers to text
// and back.

#include "guest.h"

enum { WORDS = 2048, TEXT = 24 * 1024, PASSES = 60 };

static char text[TEXT];
static uint16_t offsets[WORDS];
static char scratch[32];

static NOINLINE size_t length(const char *s) {
  size_t n = 0;
  while (s[n] != '\0') {
    n++;
  }
  return n;
}

static NOINLINE int compare(const char *a, const char *b) {
  while (*a != '\0' && *a == *b) {
    a++;
    b++;
  }
  return (int)(uint8_t)*a - (int)(uint8_t)*b;
}

static NOINLINE const char *find_byte(const char *s, char c, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (s[i] == c) {
      return s + i;
    }
  }
  return NULL;
}

// How often `needle` begins in the `count` bytes at `s`.
static NOINLINE uint64_t occurrences(const char *s, size_t count, const char *needle, size_t needle_count) {
  uint64_t found = 0;
  for (size_t i = 0; i + needle_count <= count; i++) {
    size_t k = 0;
    while (k < needle_count && s[i + k] == needle[k]) {
      k++;
    }
    found += k == needle_count;
  }
  return found;
}

static NOINLINE size_t format_decimal(char *out, uint64_t value) {
  char digits[20];
  size_t count = 0;
  do {
    digits[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  for (size_t i = 0; i < count; i++) {
    out[i] = digits[count - 1 - i];
  }
  out[count] = '\0';
  return count;
}

static NOINLINE uint64_t parse_decimal(const char *s) {
  uint64_t value = 0;
  while (*s >= '0' && *s <= '9') {
    value = value * 10 + (uint64_t)(*s++ - '0');
  }
  return value;
}

static NOINLINE uint64_t upper_case(char *out, const char *s) {
  uint64_t hash = 5381;
  while (*s != '\0') {
    char c = *s++;
    if (c >= 'a' && c <= 'z') {
      c = (char)(c - 'a' + 'A');
    }
    *out++ = c;
    hash = hash * 33 + (uint8_t)c;
  }
  *out = '\0';
  return hash;
}

// Words of 3 to 10 letters from a small alphabet, so that many share a beginning.
static size_t make_words(void) {
  uint64_t random = 2;
  size_t end = 0;
  for (size_t i = 0; i < WORDS; i++) {
    offsets[i] = (uint16_t)end;
    size_t count = 3 + (next_random(&random) >> 33) % 8;
    for (size_t k = 0; k < count; k++) {
      text[end++] = (char)('a' + (next_random(&random) >> 33) % 5);
    }
    text[end++] = '\0';
  }
  return end;
}

void guest_main(void) {
  size_t end = make_words();
  uint64_t random = 3;
  uint64_t checksum = end;
  for (uint64_t pass = 0; pass < PASSES; pass++) {
    uint64_t sum = 0;
    for (size_t i = 0; i < WORDS; i++) {
      const char *word = text + offsets[i];
      sum += length(word) << (i & 7);
      sum += upper_case(scratch, word);
      for (size_t k = 1; k <= 16; k++) {
        sum += (uint64_t)(compare(word, text + offsets[(i + k * 37) % WORDS]) < 0) << k;
      }
    }
    for (size_t i = 0; i < 64; i++) {
      const char *from = text + (next_random(&random) >> 33) % 4096;
      // 'z' is in no word: the scan goes through to the end.
      sum += find_byte(from, 'z', end - 4096) == NULL;
      const char *needle = text + offsets[(next_random(&random) >> 33) % WORDS];
      sum += occurrences(from, end - 4096, needle, 3) << (i & 15);
    }
    for (size_t i = 0; i < 1024; i++) {
      uint64_t number = next_random(&random) >> (i & 63);
      sum += format_decimal(scratch, number);
      sum ^= parse_decimal(scratch);
    }
    checksum = fold(checksum, sum);
  }
  finish("strings", checksum);
}
