// Every processor does the same work; the line does not depend on how many there are.
#include "guest.h"

__asm__(
    ".include \"smp.inc\"\n"
    "wake_others:\n"
    "  pushq %rbx\n"
    "  PLACE_TRAMPOLINE other\n"
    "  START_OTHERS\n"
    "  popq %rbx\n"
    "  ret\n"
    "other:\n"
    "  movl $1, %eax\n"
    "  lock xaddl %eax, others(%rip)\n"
    "  incl %eax\n"
    "  shll $14, %eax\n"
    "  leal 0x400000(%rax), %eax\n"
    "  movq %rax, %rsp\n"
    "  call other_main\n"
    "TRAMPOLINE_CODE\n");

void wake_others(void);
_Noreturn void other_main(void);

volatile uint32_t others;
static volatile uint32_t start;
static uint32_t finished;
static volatile uint64_t wrong;

enum { WORDS = 4096, PASSES = 8000 };

// Hashes a table that it changes as it goes: loads, stores, arithmetic and branches.
static NOINLINE uint64_t work(uint64_t *table) {
  uint64_t state = 1, checksum = 0;
  for (uint64_t i = 0; i < WORDS; i++) {
    table[i] = next_random(&state);
  }
  for (uint64_t pass = 0; pass < PASSES; pass++) {
    for (uint64_t i = 0; i < WORDS; i++) {
      uint64_t value = table[i];
      checksum = fold(checksum, value);
      if (checksum & 1) {
        table[i] = value + pass;
      }
    }
  }
  return checksum;
}

_Noreturn void other_main(void) {
  uint64_t *table = (uint64_t *)(0x800000 + (uint64_t)__builtin_frame_address(0) / 0x4000 % 64 * 0x10000);
  while (start == 0) {
    __asm__ volatile("pause");
  }
  uint64_t checksum = work(table);
  if (checksum != 0x6c0c1093106623f8) {
    wrong = checksum;
  }
  __atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
  for (;;) {
    __asm__ volatile("cli; hlt");
  }
}

void guest_main(void) {
  wake_others();
  uint32_t known = 0;
  for (uint64_t waits = 0; waits < 20000; waits++) {
    if (others != known) {
      known = others;
      waits = 0;
    }
    __asm__ volatile("pause");
  }
  start = 1;
  uint64_t checksum = work((uint64_t *)0x700000);
  while (__atomic_load_n(&finished, __ATOMIC_SEQ_CST) != known) {
    __asm__ volatile("pause");
  }
  finish("together", wrong ? wrong : checksum);
}
