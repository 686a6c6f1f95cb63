#include "guest.inc"
// faults: takes #DE, #UD, #BP, #PF and #GP through an IDT and prints vector, error code, CR2 and how far RIP is from the
// instruction; then #DF, because the #PF gate is not present.

.set IDT, 0x300000

// A gate to STUB at vector N.
.macro GATE n, stub
  leaq \stub(%rip), %rax
  movl $\n, %ecx
  call set_gate
.endm

// A handler of vector N; ERROR says whether the processor pushes a code.
.macro STUB n, error
stub\n:
  .if \error == 0
  pushq $0
  .endif
  pushq $\n
  jmp common
.endm

// Runs an instruction that faults at 6: and goes on at 7:.
.macro TRY instruction:vararg
  leaq 6f(%rip), %r14
  leaq 7f(%rip), %r15
6:
  \instruction
7:
.endm

GUEST faults
  GATE 0, stub0
  GATE 3, stub3
  GATE 6, stub6
  GATE 8, stub8
  GATE 13, stub13
  GATE 14, stub14
  pushq $IDT >> 48
  movabsq $IDT << 16 | 0xFFF, %rax
  pushq %rax
  lidt (%rsp)
  addq $16, %rsp

  xorl %edx, %edx
  xorl %ecx, %ecx
  TRY divl %ecx
  TRY ud2
  TRY int3
  movabsq $0x123456789000, %rbx
  TRY movq (%rbx), %rax
  TRY addl $1, (%rbx)
  movabsq $0x8000000000000000, %rbx
  TRY movq (%rbx), %rax
  // Not present: the #PF cannot be delivered, nor can the #NP for its gate: #DF.
  movb $0x0E, IDT + 14 * 16 + 5
  movabsq $0x123456789000, %rbx
  TRY movq (%rbx), %rax
  PRINT done
  EXIT 0

  STUB 0, 0
  STUB 3, 0
  STUB 6, 0
  STUB 8, 1
  STUB 13, 1
  STUB 14, 1

// Stack: vector, error, RIP, CS, RFLAGS, RSP, SS.
common:
  PRINT vector
  movq (%rsp), %rax
  call print_hex
  PRINT error
  movq 8(%rsp), %rax
  call print_hex
  PRINT cr2
  movq %cr2, %rax
  call print_hex
  PRINT offset
  movq 16(%rsp), %rax
  subq %r14, %rax
  call print_hex
  PRINT newline
  movq %r15, 16(%rsp)
  addq $16, %rsp
  iretq

// RAX: handler, ECX: vector.
set_gate:
  shll $4, %ecx
  addl $IDT, %ecx
  movw %ax, (%rcx)
  movw $8, 2(%rcx)
  movw $0x8E00, 4(%rcx)
  shrq $16, %rax
  movw %ax, 6(%rcx)
  shrq $16, %rax
  movq %rax, 8(%rcx)
  ret
  ROUTINES
vector:
  .asciz "vector "
error:
  .asciz " error "
cr2:
  .asciz " cr2 "
offset:
  .asciz " offset "
newline:
  .asciz "\n"
done:
  .asciz "done\n"
END_GUEST faults
