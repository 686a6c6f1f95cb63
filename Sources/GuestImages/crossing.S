#include "guest.inc"
// crossing: accesses and instructions that cross from one page into another, the two of them not neighbours in memory;
// reads, writes, read-modify-writes, the stack, string instructions, and a fault in the second page only.

.set VIRTUAL, 0x200000000
.set TABLES, 0x200000
.set LOW, 0x215000
.set HIGH, 0x211000
.set IDT, 0x300000

GUEST crossing
  // VIRTUAL -> LOW, VIRTUAL + 4 KiB -> HIGH, VIRTUAL + 8 KiB is not present.
  movq %cr3, %rax
  movq (%rax), %rbx
  andq $~0xFFF, %rbx
  movq $TABLES | 3, 64(%rbx)
  movq $TABLES + 0x1000 | 3, TABLES
  movl $TABLES + 0x1000, %edi
  movq $LOW | 3, (%rdi)
  movq $HIGH | 3, 8(%rdi)
  movabsq $VIRTUAL + 0x1000, %rbp

  // A write in every split, read back through the frames.
  movabsq $0x8877665544332211, %rax
  movq %rax, -3(%rbp)
  movl LOW + 0xFFD, %eax
  andl $0xFFFFFF, %eax
  call show
  movq HIGH, %rax
  call show
  movabsq $0x0101010101010101, %rax
  addq %rax, -5(%rbp)
  movq -5(%rbp), %rax
  call show
  lock addl $0x10000, -2(%rbp)
  movq -5(%rbp), %rax
  call show

  // The stack across the boundary.
  movq %rsp, %r13
  leaq 4(%rbp), %rsp
  movl $0x12345678, %eax
  pushq %rax
  popq %rbx
  call here
here:
  popq %rcx
  movq %r13, %rsp
  leaq here(%rip), %rax
  subq %rcx, %rax
  call show
  movq %rbx, %rax
  call show

  // An instruction across the boundary: MOV EAX, imm32 with its opcode in the first page; RET behind it.
  movb $0xB8, -2(%rbp)
  movl $0xCAFEF00D, -1(%rbp)
  movb $0xC3, 3(%rbp)
  leaq -2(%rbp), %rax
  call *%rax
  call show
  // Its immediate changed, in the second page only.
  movb $0x55, 1(%rbp)
  leaq -2(%rbp), %rax
  call *%rax
  call show

  // REP MOVSQ over the boundary, misaligned on both sides.
  leaq -13(%rbp), %rdi
  leaq text(%rip), %rsi
  movl $4, %ecx
  rep movsq
  movq 11(%rbp), %rax
  call show

  // A write whose second page is not present faults as a whole: nothing of it is seen.
  leaq handler(%rip), %rax
  movl $IDT + 14 * 16, %ecx
  movw %ax, (%rcx)
  movw $8, 2(%rcx)
  movw $0x8E00, 4(%rcx)
  shrq $16, %rax
  movq %rax, 6(%rcx)
  pushq $0
  movabsq $IDT << 16 | 0xFFF, %rax
  pushq %rax
  lidt (%rsp)
  addq $16, %rsp
  movq $-1, %rax
  movq %rax, 0xFFC(%rbp)
  movl HIGH + 0xFFC, %eax
  call show
  EXIT 0

handler:
  addq $8, %rsp
  movq %cr2, %rax
  call show
  addq $7, (%rsp)
  iretq

show:
  call print_hex
  movl $COM1, %edx
  movl $'\n', %eax
  outb %al, %dx
  ret
text:
  .ascii "0123456789abcdefghijklmnopqrstuv"
  ROUTINES
END_GUEST crossing
