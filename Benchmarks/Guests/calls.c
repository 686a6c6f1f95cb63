// Recursion: CALL, RET, PUSH, POP and little between them.

#include "guest.h"

// Every call stays a call, the last one in a function too.
#define RECURSIVE static NOINLINE __attribute__((disable_tail_calls))

RECURSIVE uint64_t fibonacci(uint64_t n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

RECURSIVE uint64_t ackermann(uint64_t m, uint64_t n) {
  if (m == 0) {
    return n + 1;
  }
  return ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

RECURSIVE int64_t tak(int64_t x, int64_t y, int64_t z) {
  return y >= x ? z : tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

RECURSIVE uint64_t is_odd(uint64_t n);

RECURSIVE uint64_t is_even(uint64_t n) { return n == 0 ? 1 : is_odd(n - 1); }

RECURSIVE uint64_t is_odd(uint64_t n) { return n == 0 ? 0 : is_even(n - 1); }

// Moves of the towers of Hanoi; the pegs are arguments so that registers have to be saved.
RECURSIVE uint64_t hanoi(uint64_t disks, uint64_t from, uint64_t to, uint64_t via) {
  if (disks == 0) {
    return 0;
  }
  return hanoi(disks - 1, from, via, to) * 3 + (from ^ to) + hanoi(disks - 1, via, to, from);
}

void guest_main(void) {
  uint64_t checksum = 0;
  for (uint64_t pass = 0; pass < 36; pass++) {
    checksum = fold(checksum, fibonacci(24 + pass % 4));
    checksum = fold(checksum, ackermann(3, 5 + pass % 3));
    checksum = fold(checksum, (uint64_t)tak(18 + (int64_t)(pass % 2), 12, 6));
    checksum = fold(checksum, hanoi(17 + pass % 2, 1, 2, 3));
    for (uint64_t n = 0; n < 512; n++) {
      checksum = fold(checksum, is_even(n + pass));
    }
  }
  finish("calls", checksum);
}
