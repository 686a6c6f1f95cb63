// Quicksort of 64-bit keys through a comparison function pointer: indirect calls and branches nobody predicts.

#include "guest.h"

enum { COUNT = 64 * 1024, PASSES = 25, SMALL = 12 };

typedef int (*Comparison)(const uint64_t *, const uint64_t *);

static uint64_t keys[COUNT];

static int ascending(const uint64_t *a, const uint64_t *b) { return (*a > *b) - (*a < *b); }

static int by_low_half(const uint64_t *a, const uint64_t *b) {
  uint32_t x = (uint32_t)*a;
  uint32_t y = (uint32_t)*b;
  return x != y ? (x > y) - (x < y) : ascending(a, b);
}

// Read through a volatile, so that the compiler cannot know which comparison a sort gets.
static Comparison volatile comparisons[2] = {ascending, by_low_half};

static inline void swap(uint64_t *a, uint64_t *b) {
  uint64_t value = *a;
  *a = *b;
  *b = value;
}

static void insertion_sort(uint64_t *low, uint64_t *high, Comparison comparison) {
  for (uint64_t *i = low + 1; i <= high; i++) {
    uint64_t key = *i;
    uint64_t *hole = i;
    while (hole > low && comparison(hole - 1, &key) > 0) {
      *hole = hole[-1];
      hole--;
    }
    *hole = key;
  }
}

// Sorts `low` to `high`, both included. Recurses into the smaller part only, so the depth is logarithmic.
static NOINLINE void quicksort(uint64_t *low, uint64_t *high, Comparison comparison) {
  while (high - low > SMALL) {
    uint64_t *middle = low + (high - low) / 2;
    if (comparison(middle, low) < 0) {
      swap(middle, low);
    }
    if (comparison(high, low) < 0) {
      swap(high, low);
    }
    if (comparison(high, middle) < 0) {
      swap(high, middle);
    }
    uint64_t pivot = *middle;
    uint64_t *left = low;
    uint64_t *right = high;
    while (left <= right) {
      while (comparison(left, &pivot) < 0) {
        left++;
      }
      while (comparison(right, &pivot) > 0) {
        right--;
      }
      if (left <= right) {
        swap(left++, right--);
      }
    }
    if (right - low < high - left) {
      quicksort(low, right, comparison);
      low = left;
    } else {
      quicksort(left, high, comparison);
      high = right;
    }
  }
  insertion_sort(low, high, comparison);
}

void guest_main(void) {
  uint64_t random = 4;
  uint64_t checksum = 0;
  for (uint64_t pass = 0; pass < PASSES; pass++) {
    for (size_t i = 0; i < COUNT; i++) {
      keys[i] = next_random(&random);
    }
    Comparison comparison = comparisons[pass & 1];
    quicksort(keys, keys + COUNT - 1, comparison);
    uint64_t out_of_order = 0;
    for (size_t i = 1; i < COUNT; i++) {
      out_of_order += comparison(&keys[i - 1], &keys[i]) > 0;
    }
    checksum = fold(checksum, out_of_order);
    for (size_t i = 0; i < COUNT; i += 257) {
      checksum = fold(checksum, keys[i]);
    }
  }
  finish("qsort", checksum);
}
