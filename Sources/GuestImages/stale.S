#include "guest.inc"
// stale: a page is moved without INVLPG. What is read at its address afterwards is what the TLB remembers, not what
// memory says (SDM Vol. 3, "Optional Invalidation"); after INVLPG it is what memory says.
//
// 4-KiB pages at VIRTUAL (8 GiB) through tables at TABLES; frames OLD and NEW hold different text.

.set VIRTUAL, 0x200000000
.set TABLES, 0x200000
.set OLD, 0x210000
.set NEW, 0x211000

GUEST stale
  // Text into the two frames.
  leaq old_text(%rip), %rsi
  movl $OLD, %edi
  movl $32, %ecx
  rep movsb
  leaq new_text(%rip), %rsi
  movl $NEW, %edi
  movl $32, %ecx
  rep movsb

  // PDPT[8] -> directory -> table -> OLD.
  movq %cr3, %rax
  movq (%rax), %rbx
  andq $~0xFFF, %rbx
  movq $TABLES | 3, 64(%rbx)
  movq $TABLES + 0x1000 | 3, TABLES
  movl $TABLES + 0x1000, %edi
  movq $OLD | 3, (%rdi)

  PRINT before
  movabsq $VIRTUAL, %rsi
  call print

  movq $NEW | 3, (%rdi)
  PRINT changed
  movabsq $VIRTUAL, %rsi
  call print

  movabsq $VIRTUAL, %rax
  invlpg (%rax)
  PRINT invalidated
  movabsq $VIRTUAL, %rsi
  call print
  EXIT 0
  ROUTINES

before:
  .asciz "mapped:           the page reads "
changed:
  .asciz "entry changed:    the page reads "
invalidated:
  .asciz "after INVLPG:     the page reads "
old_text:
  .asciz "OLD (frame 210000h)\n"
  .fill 32 - (. - old_text), 1, 0
new_text:
  .asciz "NEW (frame 211000h)\n"
  .fill 32 - (. - new_text), 1, 0
END_GUEST stale
