// A boot sector that starts a flat guest image as a direct boot would: it reads IMAGE_SECTORS sectors that follow it on
// the disk, puts them at 1 MiB, and enters them in 64-bit mode with the state which start.S names.
//
// IMAGE_SECTORS comes from the build, a disk image being made for one guest.

  .set IMAGE, 0x100000          // where a guest runs
  .set BUFFER, 0x10000          // where the firmware reads it, below 1 MiB
  .set CHUNK, 64                // sectors a read: 32 KiB, so that a read never crosses a 64 KiB line
  .set STACK, 0x80000           // also the end of BUFFER
  .set PML4, 0x1000             // PDPT at 2000h, four page directories at 3000h to 6FFFh

  .if IMAGE_SECTORS > (STACK - BUFFER) / 512 - CHUNK
  .error "the guest image does not fit below its stack"
  .endif

  .section .text, "ax"
  .globl _start
  .code16
_start:
  ljmp $0, $1f
1:
  cli
  xorw %ax, %ax
  movw %ax, %ds
  movw %ax, %es
  movw %ax, %ss
  movw $0x7C00, %sp
  sti
  cld
  movb %dl, drive

  movw $((IMAGE_SECTORS + CHUNK - 1) / CHUNK), %bp
read:
  movb $0x42, %ah               // extended read
  movb drive, %dl
  movw $packet, %si
  int $0x13
  jc failed
  addw $(CHUNK * 512 / 16), packet_segment
  addl $CHUNK, packet_block
  decw %bp
  jnz read

  cli
  inb $0x92, %al                // A20: odd megabytes are wanted
  orb $2, %al
  andb $0xFE, %al               // bit 0 would reset the machine
  outb %al, $0x92

  // Identity map of 4 GiB: one PML4 entry, four PDPT entries, 2,048 pages of 2 MiB.
  xorl %eax, %eax
  movw $PML4, %di
  movw $(0x6000 / 4), %cx
  rep stosl
  movl $(PML4 + 0x1000 + 3), PML4
  movw $(PML4 + 0x1000), %di
  movl $(PML4 + 0x2000 + 3), %eax
2:
  movl %eax, (%di)
  addw $8, %di
  addl $0x1000, %eax
  cmpw $(PML4 + 0x1000 + 32), %di
  jb 2b
  movw $(PML4 + 0x2000), %di
  movl $0x83, %eax              // present, writable, 2 MiB
3:
  movl %eax, (%di)
  addw $8, %di
  addl $0x200000, %eax
  cmpw $(PML4 + 0x6000), %di
  jb 3b

  lgdtl gdt_pointer
  movl $0x20, %eax              // CR4.PAE
  movl %eax, %cr4
  movl $PML4, %eax
  movl %eax, %cr3
  movl $0xC0000080, %ecx        // IA32_EFER.LME
  rdmsr
  orl $0x100, %eax
  wrmsr
  movl %cr0, %eax
  andl $0x9FFFFFFF, %eax        // caches on
  orl $0x80000001, %eax         // CR0.PG and CR0.PE at once: from real to 64-bit mode in one step
  movl %eax, %cr0
  ljmp $8, $long_mode

failed:
  hlt
  jmp failed

  .code64
long_mode:
  movl $0x10, %eax
  movl %eax, %ds
  movl %eax, %es
  movl %eax, %fs
  movl %eax, %gs
  movl %eax, %ss
  movl $STACK, %esp
  movl $BUFFER, %esi
  movl $IMAGE, %edi
  movl $(IMAGE_SECTORS * 512 / 8), %ecx
  rep movsq

  xorl %eax, %eax
  xorl %ebx, %ebx
  xorl %ecx, %ecx
  xorl %edx, %edx
  xorl %esi, %esi
  xorl %edi, %edi
  xorl %ebp, %ebp
  xorl %r8d, %r8d
  xorl %r9d, %r9d
  xorl %r10d, %r10d
  xorl %r11d, %r11d
  xorl %r12d, %r12d
  xorl %r13d, %r13d
  xorl %r14d, %r14d
  xorl %r15d, %r15d
  pushq $2
  popfq
  jmp guest_entry

  .globl guest_entry
  .set guest_entry, IMAGE

// Disk address packet (INT 13h, extended read).
  .balign 4
packet:
  .byte 16, 0
  .word CHUNK
  .word 0
packet_segment:
  .word BUFFER / 16
packet_block:
  .quad 1

  .balign 8
gdt:
  .quad 0
  .quad 0x00209A0000000000      // 08h: code, 64-bit
  .quad 0x00CF92000000FFFF      // 10h: data
gdt_pointer:
  .word . - gdt - 1
  .long gdt
drive:
  .byte 0

  .org _start + 510
  .word 0xAA55
