#include "guest.inc"
// processors: the bootstrap processor starts the others by INIT and SIPI (SDM Vol. 3, "MP Initialization Protocol
// Algorithm for MP Systems"), counts them, and asks each by an interrupt and by an NMI for an answer. Run it with
// --cpus N.

.set TRAMPOLINE, 0x8000
.set DATA, 0x9000            // what the processors share
.set COUNT, DATA             // processors that are up
.set ANSWERS, DATA + 8       // interrupts taken
.set NMIS, DATA + 16         // NMIs taken
.set IDT, 0xA000
.set IDTR, 0x9020
.set STACKS, 0x200000        // 4 KiB each
.set APIC, 0xFEE00000
.set VECTOR, 0x40

GUEST processors
  cld
  movl $DATA, %edi
  xorl %eax, %eax
  movl $8, %ecx
  rep stosq

  // IDT: vector 2 and VECTOR.
  leaq nmi(%rip), %rax
  movl $IDT + 2 * 16, %edi
  call gate
  leaq answer(%rip), %rax
  movl $IDT + VECTOR * 16, %edi
  call gate
  movw $0xFFF, IDTR
  movq $IDT, IDTR + 2
  lidt IDTR

  // The others' first page.
  leaq trampoline(%rip), %rsi
  movl $TRAMPOLINE, %edi
  movl $trampoline_end - trampoline, %ecx
  rep movsb
  movq %cr3, %rax
  movl %eax, TRAMPOLINE + root - trampoline
  leaq started(%rip), %rax
  movl %eax, TRAMPOLINE + target - trampoline

  // APIC on; INIT and SIPI to all but this one.
  movl $APIC, %ebx
  movl $0x1FF, 0xF0(%rbx)
  movl $0xC4500, 0x300(%rbx)
  movl $0xC4600 | TRAMPOLINE >> 12, 0x300(%rbx)

  // They are up when nobody has come for a while.
  movl $1, %r12d
1:
  movl $3000, %ecx
2:
  movl COUNT, %eax
  incl %eax
  cmpl %r12d, %eax
  jne 3f
  pause
  decl %ecx
  jnz 2b
  jmp 4f
3:
  movl %eax, %r12d
  jmp 1b
4:
  PRINT processors
  movl %r12d, %eax
  call print_hex
  PRINT newline

  // An interrupt and an NMI to all but this one, and an answer each.
  movl $0xC4000 | VECTOR, 0x300(%rbx)
  movl $0xC4400, 0x300(%rbx)
  leal -1(%r12), %r13d
5:
  pause
  cmpl %r13d, ANSWERS
  jne 5b
6:
  pause
  cmpl %r13d, NMIS
  jne 6b
  PRINT answers
  movl ANSWERS, %eax
  call print_hex
  PRINT newline
  PRINT nmis
  movl NMIS, %eax
  call print_hex
  PRINT newline
  EXIT 0

// A 64-bit interrupt gate at RDI to RAX.
gate:
  movw %ax, (%rdi)
  movw $8, 2(%rdi)
  movw $0x8E00, 4(%rdi)
  shrq $16, %rax
  movw %ax, 6(%rdi)
  shrq $16, %rax
  movl %eax, 8(%rdi)
  movl $0, 12(%rdi)
  ret

// Every other processor, in 64-bit mode.
started:
  movl $0x10, %eax
  movl %eax, %ds
  movl %eax, %es
  movl %eax, %ss
  lidt IDTR
  movl $1, %eax
  lock xaddl %eax, COUNT
  incl %eax
  shll $12, %eax
  leaq STACKS(%rax), %rsp
  movl $APIC, %ebx
  movl $0x1FF, 0xF0(%rbx)
7:
  sti
  hlt
  jmp 7b

answer:
  lock incl ANSWERS
  movl $0, 0xB0(%rbx)
  iretq

nmi:
  lock incl NMIS
  iretq

  ROUTINES

processors:
  .asciz "processors: "
answers:
  .asciz "interrupts: "
nmis:
  .asciz "NMIs:       "
newline:
  .asciz "\n"

// Copied to TRAMPOLINE; entered in real mode with CS = TRAMPOLINE >> 4 and IP = 0.
  .balign 16
trampoline:
  .code16
  cli
  movw %cs, %ax
  movw %ax, %ds
  movl root - trampoline, %eax
  movl %eax, %cr3
  movl $0x20, %eax
  movl %eax, %cr4
  movl $0xC0000080, %ecx
  rdmsr
  orl $0x100, %eax
  wrmsr
  lgdtl gdtr - trampoline
  movl $0x80000011, %eax
  movl %eax, %cr0
  ljmpl *target - trampoline
root:
  .long 0
target:
  .long 0
  .word 8
gdtr:
  .word 23
  .long 0x800
trampoline_end:
  .code64
END_GUEST processors
