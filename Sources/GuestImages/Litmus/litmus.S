#include "../guest.inc"
#include "../smp.inc"
#include "../vmx.inc"
#include "vocabulary.inc"
// litmus: what each TLB rule allows, as programs (docs/LITMUS.md). The command line names one; it prints the words it has
// seen in a line, and exits with status 1. Status 5: there is no such program.

GUEST litmus
  cld
  movq %rsi, %rbx
  movl $DATA, %edi
  xorl %eax, %eax
  movl $64, %ecx
  rep stosq
  movq %rbx, NAME
  movl $OWN + 0x4000, %esp
  call prepare_interrupts
  call prepare_frames
  call prepare_window
  call prepare_ept

  movl $APIC, %ebx
  movl $0x1FF, 0xF0(%rbx)
  xorl %r15d, %r15d
  leaq programs(%rip), %rcx
1:
  movl (%rcx), %edx
  testl %edx, %edx
  jz unknown_program
  leaq 8(%rcx), %rdi
  movq NAME, %rsi
  testq %rsi, %rsi
  jz unknown_program
2:
  movb (%rsi), %al
  cmpb (%rdi), %al
  jne 3f
  incq %rsi
  incq %rdi
  testb %al, %al
  jnz 2b
  movl 4(%rcx), %eax
  addq %rcx, %rax
  jmp *%rax
3:
  addq %rdx, %rcx
  jmp 1b

unknown_program:
  PRINT unknown_text
  EXIT 2

  .balign 8
programs:
#include "creating.inc"
#include "using.inc"
#include "invalidating.inc"
#include "exits.inc"
#include "narrow.inc"
#include "software.inc"
  NO_MORE_PROGRAMS

#include "routines.inc"
  FLAT_STATE flat
  GATE_ROUTINE
  VMX_ROUTINES
  ROUTINES
  TRAMPOLINE_CODE
END_GUEST litmus
