#include "guest.inc"
// selfmodify: code that writes code: an instruction ahead in the same straight run, one behind in a loop, a routine in a
// page that also holds the data it counts in, and a copy made by REP MOVSB. Prints what the code as it stands must give.

.set COPY, 0x400000

GUEST selfmodify
  // The immediate of an instruction ahead, in the same block.
  movb $5, ahead + 1(%rip)
ahead:
  movl $1, %eax
  call print_hex
  PRINT newline

  // A loop that changes its own addend: 1 + 2 + ... + 10.
  xorl %ebp, %ebp
  movl $10, %r12d
loop:
  addl $1, %ebp
addend:
  incb addend - 1(%rip)
  decl %r12d
  jnz loop
  movq %rbp, %rax
  call print_hex
  PRINT newline

  // Data beside code: a counter in the routine's own granule, 100000 times.
  movl $100000, %r12d
count:
  call counted
  decl %r12d
  jnz count
  movq counter(%rip), %rax
  call print_hex
  PRINT newline

  // Code copied by REP MOVSB, run, overwritten, run again.
  leaq first(%rip), %rsi
  call copy_and_run
  leaq second(%rip), %rsi
  call copy_and_run
  EXIT 0

copy_and_run:
  movl $COPY, %edi
  movl $16, %ecx
  rep movsb
  movl $COPY, %eax
  call *%rax
  call print_hex
  PRINT newline
  ret

counted:
  incq counter(%rip)
  ret
counter:
  .quad 0

first:
  movl $0x1111, %eax
  ret
  .fill 16 - (. - first), 1, 0x90
second:
  movl $0x2222, %eax
  ret
  .fill 16 - (. - second), 1, 0x90
newline:
  .asciz "\n"
  ROUTINES
END_GUEST selfmodify
