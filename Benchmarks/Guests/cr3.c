// MOV to CR3 in a loop, one page used between.
#include "vmx.h"

void guest_main(void) {
  volatile uint64_t word = 0;
  for (uint64_t i = 0; i < 1000000; i++) {
    write_cr3(read_cr3());
    word = word + i;
  }
  finish("cr3", fold(0, word));
}
