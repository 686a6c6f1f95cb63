#include "guest.inc"
#include "smp.inc"
#include "vmx.inc"
// remap: an operating system's remote shootdown, without a hypervisor. The first processor points a page at another
// frame, has the other processor execute INVLPG by an interrupt, and gives the old frame to somebody else, who writes a
// secret there. The other processor reads the page all the time (SDM Vol. 3, "Propagation of Paging-Structure Changes to
// Multiple Processors"; TLB rule S5).
//
// The command line's first word may ask for a mistake:
//
//   local     only the first processor executes INVLPG
//   other     the other processor executes INVLPG for the page behind
//   nowait    the frame is given away before the other processor has answered
//
// Port 80h is written when the shootdown is claimed to be done. Exit status 1: nobody read the secret; 3: somebody did;
// 5: there is one processor only. Run it with --cpus 2.

.set IDT, 0xA000
.set IDTR, 0x9080
.set DATA, 0x9000
.set STARTED, DATA
.set ROUNDS, DATA + 4        // reads of the page
.set ANSWERED, DATA + 8
.set LEAKED, DATA + 12
.set BEHAVIOUR, DATA + 16
.set CLAIM, 0x80
.set VECTOR, 0x40
.set VIRTUAL, 0x200000000
.set TABLES, 0x200000
.set OLD, 0x210000
.set NEW, 0x211000
.set PUBLIC, 0x1111
.set SECRET, 0x5EC2E7

.set LOCAL_ONLY, 1
.set OTHER_PAGE, 2
.set NO_WAIT, 4

GUEST remap
  cld
  movq %rsi, %rbx
  movl $DATA, %edi
  xorl %eax, %eax
  movl $8, %ecx
  rep stosq
  movq %rbx, %rdi
  leaq words(%rip), %rsi
  call choose
  movl %eax, BEHAVIOUR
  leaq shot(%rip), %rax
  movl $IDT + VECTOR * 16, %edi
  call gate
  movw $0xFFF, IDTR
  movq $IDT, IDTR + 2
  lidt IDTR

  // PDPT[8] -> directory -> table -> OLD.
  movq $PUBLIC, OLD
  movq $PUBLIC, NEW
  movq %cr3, %rax
  movq (%rax), %rbx
  andq $~0xFFF, %rbx
  movq $TABLES | 3, 64(%rbx)
  movq $TABLES + 0x1000 | 3, TABLES
  movq $OLD | 3, TABLES + 0x1000
  movq $NEW | 3, TABLES + 0x1008

  PLACE_TRAMPOLINE started
  START_OTHERS
  AWAIT_OTHERS STARTED
  cmpl $2, %r12d
  jne alone
1:
  pause
  cmpl $8, ROUNDS
  jb 1b

  movabsq $VIRTUAL, %rsi
  movq (%rsi), %rax
change:
  movq $NEW | 3, TABLES + 0x1000
  invlpg (%rsi)
  testl $LOCAL_ONLY, BEHAVIOUR
  jnz 3f
  movl $0xC4000 | VECTOR, 0x300(%rbx)
  testl $NO_WAIT, BEHAVIOUR
  jnz 3f
2:
  pause
  cmpl $0, ANSWERED
  je 2b
3:
  outb %al, $CLAIM
reuse:
  movq $SECRET, OLD
  movl ROUNDS, %ecx
  addl $8, %ecx
4:
  pause
  cmpl %ecx, ROUNDS
  jb 4b
  PRINT text
  movl LEAKED, %eax
  call print_hex
  PRINT newline
  cmpl $0, LEAKED
  jne 5f
  EXIT 0
5:
  EXIT 1
alone:
  PRINT alone_text
  EXIT 2

started:
  movl $0x10, %eax
  movl %eax, %ds
  movl %eax, %es
  movl %eax, %ss
  lidt IDTR
  movl $0x20F000, %esp
  movl $APIC, %ebx
  movl $0x1FF, 0xF0(%rbx)
  lock incl STARTED
  movabsq $VIRTUAL, %rsi
  sti
6:
  movq (%rsi), %rax
  cmpq $SECRET, %rax
  jne 7f
  lock incl LEAKED
7:
  lock incl ROUNDS
  jmp 6b

// The interrupt that asks for the invalidation.
shot:
  pushq %rsi
  testl $OTHER_PAGE, BEHAVIOUR
  jz 8f
  addq $0x1000, %rsi
8:
  invlpg (%rsi)
  popq %rsi
  movl $1, ANSWERED
  movl $0, 0xB0(%rbx)
  iretq

  .balign 8
words:
  .asciz "local\0\0"
  .quad LOCAL_ONLY
  .asciz "other\0\0"
  .quad OTHER_PAGE
  .asciz "nowait\0"
  .quad NO_WAIT
  .quad 0

  GATE_ROUTINE
  WORD_ROUTINE
  ROUTINES

text:
  .asciz "reads of the secret: "
alone_text:
  .asciz "remap: there must be two processors: --cpus 2\n"
newline:
  .asciz "\n"

  TRAMPOLINE_CODE
END_GUEST remap
