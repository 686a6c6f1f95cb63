// The way into a case and back. A case owns every register, so both ways address the context page absolutely.
#if defined(__x86_64__) && defined(__linux__)
#include "context.h"

  .text

  .globl silicon_enter
  .type silicon_enter, @function
silicon_enter:
  push %rbx
  push %rbp
  push %r12
  push %r13
  push %r14
  push %r15
  mov %rsp, CONTEXT_HOST_RSP
  cmpl $0, CONTEXT_USES_VECTORS
  je 1f
  fxsave64 CONTEXT_FX_HOST
  fxrstor64 CONTEXT_FX_IN
1:
  pushq CONTEXT_IN_FLAGS
  popfq
  mov CONTEXT_IN + 0, %rax
  mov CONTEXT_IN + 8, %rcx
  mov CONTEXT_IN + 16, %rdx
  mov CONTEXT_IN + 24, %rbx
  mov CONTEXT_IN + 32, %rsp
  mov CONTEXT_IN + 40, %rbp
  mov CONTEXT_IN + 48, %rsi
  mov CONTEXT_IN + 56, %rdi
  mov CONTEXT_IN + 64, %r8
  mov CONTEXT_IN + 72, %r9
  mov CONTEXT_IN + 80, %r10
  mov CONTEXT_IN + 88, %r11
  mov CONTEXT_IN + 96, %r12
  mov CONTEXT_IN + 104, %r13
  mov CONTEXT_IN + 112, %r14
  mov CONTEXT_IN + 120, %r15
  jmp *CONTEXT_IN_RIP
  .size silicon_enter, . - silicon_enter

  .globl silicon_exit0
silicon_exit0:
  movl $0, CONTEXT_LANDING
  jmp landed
  .globl silicon_exit1
silicon_exit1:
  movl $1, CONTEXT_LANDING
  jmp landed
  .globl silicon_exit2
silicon_exit2:
  movl $2, CONTEXT_LANDING
  jmp landed
  .globl silicon_exit3
silicon_exit3:
  movl $3, CONTEXT_LANDING

landed:
  mov %rax, CONTEXT_OUT + 0
  mov %rcx, CONTEXT_OUT + 8
  mov %rdx, CONTEXT_OUT + 16
  mov %rbx, CONTEXT_OUT + 24
  mov %rsp, CONTEXT_OUT + 32
  mov %rbp, CONTEXT_OUT + 40
  mov %rsi, CONTEXT_OUT + 48
  mov %rdi, CONTEXT_OUT + 56
  mov %r8, CONTEXT_OUT + 64
  mov %r9, CONTEXT_OUT + 72
  mov %r10, CONTEXT_OUT + 80
  mov %r11, CONTEXT_OUT + 88
  mov %r12, CONTEXT_OUT + 96
  mov %r13, CONTEXT_OUT + 104
  mov %r14, CONTEXT_OUT + 112
  mov %r15, CONTEXT_OUT + 120
  mov CONTEXT_HOST_RSP, %rsp
  pushfq
  popq CONTEXT_OUT_FLAGS
  cmpl $0, CONTEXT_USES_VECTORS
  je silicon_resume
  fxsave64 CONTEXT_FX_OUT

  .globl silicon_resume
silicon_resume:
  mov CONTEXT_HOST_RSP, %rsp
  pushq $2
  popfq
  cmpl $0, CONTEXT_USES_VECTORS
  je 1f
  fxrstor64 CONTEXT_FX_HOST
1:
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbp
  pop %rbx
  ret

#endif
  .section .note.GNU-stack, "", @progbits
