#include "guest.inc"
// halt: HLT with interrupts off; nothing can wake it.

GUEST halt
  cli
5:
  hlt
  jmp 5b
END_GUEST halt
