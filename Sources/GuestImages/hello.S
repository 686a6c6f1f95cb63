#include "guest.inc"
// hello: prints a line on COM1 and ends with status 1.

GUEST hello
  PRINT message
  EXIT 0
  ROUTINES
message:
  .asciz "Hello from a 64-bit guest.\n"
END_GUEST hello
