#include "guest.inc"
// triplefault: an invalid instruction without an IDT.

GUEST triplefault
  ud2
END_GUEST triplefault
