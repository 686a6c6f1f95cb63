// The first bytes of every guest image. Entered at its first byte, in 64-bit mode at CPL 0, interrupts off, the first
// 4 GiB identity mapped, RSP = 80000h.

  .section .text.start, "ax"
  .globl _start
  .code64
_start:
  // The image ends before .bss, and nobody promises that the memory after it is zero.
  movq $__bss_start, %rdi
  movq $__bss_end, %rcx
  subq %rdi, %rcx
  shrq $3, %rcx
  xorl %eax, %eax
  rep stosq
  call guest_main
1:
  cli
  hlt
  jmp 1b
