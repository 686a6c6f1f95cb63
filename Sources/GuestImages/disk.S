// A disk that firmware boots: its first sector reads the second by int 13h, prints what it holds on COM1, writes the third and
// ends the machine with status (N << 1) | 1, N being 0 when all went well and otherwise what failed.

.set COM1, 0x3F8
.set EXIT_PORT, 0xF4

  .section .rodata
  .balign 4096
  .globl guest_disk_start
guest_disk_start:
  .code16
  xorw %ax, %ax
  movw %ax, %ds
  movw %ax, %es
  movw %ax, %ss
  movw $0x7C00, %sp
  movw $0x0201, %ax
  movw $0x8000, %bx
  movw $0x0002, %cx
  movb $0, %dh
  int $0x13
  movb $1, %al
  jc 3f
  movw $0x8000, %si
  movw $COM1, %dx
1:
  lodsb
  testb %al, %al
  jz 2f
  outb %al, %dx
  jmp 1b
2:
  movw $0x0301, %ax
  movw $0x8000, %bx
  movw $0x0003, %cx
  movw $0x0080, %dx
  int $0x13
  movb $2, %al
  jc 3f
  movb $0, %al
3:
  outb %al, $EXIT_PORT
  hlt
  .org guest_disk_start + 510
  .byte 0x55, 0xAA
  .asciz "read through int 13h\n"
  .org guest_disk_start + 64 * 512
  .globl guest_disk_end
guest_disk_end:
  .section .note.GNU-stack, "", @progbits
