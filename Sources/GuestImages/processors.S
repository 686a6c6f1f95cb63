#include "guest.inc"
#include "smp.inc"
// processors: the bootstrap processor starts the others by INIT and SIPI (SDM Vol. 3, "MP Initialization Protocol
// Algorithm for MP Systems"), counts them, and asks each by an interrupt and by an NMI for an answer. Run it with
// --cpus N.

.set DATA, 0x9000            // what the processors share
.set COUNT, DATA             // processors that are up
.set ANSWERS, DATA + 8       // interrupts taken
.set NMIS, DATA + 16         // NMIs taken
.set IDT, 0xA000
.set IDTR, 0x9020
.set STACKS, 0x200000        // 4 KiB each
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

  PLACE_TRAMPOLINE started
  START_OTHERS
  AWAIT_OTHERS COUNT
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

  GATE_ROUTINE

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

  TRAMPOLINE_CODE
END_GUEST processors
