// INVEPT of one context in a loop.
#include "vmx.h"

void guest_main(void) {
  enter_vmx_operation();
  uint64_t pointer = make_ept();
  uint64_t count = 0;
  for (uint64_t i = 0; i < 1000000; i++) {
    invept(pointer);
    count = fold(count, i);
  }
  finish("invept", count);
}
