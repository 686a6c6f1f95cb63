#include "guest.inc"
#include "vmx.inc"
// nested: a hypervisor (L0) that runs a hypervisor (L1) that runs a guest (L2), on one processor. L0 executes L1's VMX
// instructions for it, and runs L2 on EPT02, which it fills on EPT violations with what EPT12 says, as a TLB of EPT12:
// L1's INVEPT empties it. VPID02 stands for L1's VPID.
//
// L2 reads a page before and after L1 has pointed its EPT12 entry at another frame, reads one before and after L1 has
// changed L2's own page table, and writes one that EPT12 has read-only. The command line's first word may ask L0 for a
// mistake:
//
//   entry     EPT02 gets another frame than EPT12 and EPT01 say
//   memtype   EPT02 gets another memory type
//   rights    EPT02 grants all rights
//   lost      L1's INVEPT does nothing
//   vpid      L1's INVVPID is executed for another VPID than L2's
//   kept      L1 runs L2 without VPID12: its entries drop L2's mappings, and L0 keeps them
//
// or L1 for something that L0 does right:
//
//   novpid    L1 runs L2 without VPID12
//   shadow    L1's VMREAD and VMWRITE go to a shadow VMCS, and do not exit
//   onevmcs   one VMCS serves L1 and L2
//   third     L2 executes an instruction of VMX, which L1 has: a third level would begin like that
//   switch    L2 executes VMFUNC: it may switch to the one EPT02 there is
//
// Exit status 1: L2 has seen what L1 told it; 3: it has not. A wrong memory type shows in nothing that L2 reads.

.set IDT, 0xA000
.set TSS, 0x9800
.set DATA, 0x9000
.set IN_L2, DATA             // whose exit it is
.set LAUNCHED, DATA + 4      // VMCS02
.set POOL, DATA + 8          // next free page for EPT02
.set WRONG, DATA + 12        // steps that L1 did not expect
.set DENIED, DATA + 16       // L2's write was stopped
.set BEHAVIOUR, DATA + 20

.set WRONG_ENTRY, 1
.set WRONG_TYPE, 2
.set ALL_RIGHTS, 4
.set LOSE_INVEPT, 8
.set WRONG_VPID, 16
.set KEEP_MAPPINGS, 32
.set NO_VPID12, 64
.set THIRD_LEVEL, 128
.set SHADOW, 256
.set ONE_VMCS, 512
.set EPTP_SWITCHING, 1024

.set EPT01, 0x300000
.set VMXON_REGION, 0x310000
.set VMCS01, 0x311000
.set VMCS02, 0x312000
.set VMCS12, 0x313000        // what L1 wrote, by the place that `place` gives
.set MSR_BITMAP, 0x314000    // nothing exits; of VMREAD and VMWRITE neither
.set SHADOW_VMCS, 0x315000
.set EPTP_LIST, 0x316000
.set STACK0, 0x318000
.set STACK1, 0x31A000
.set STACK1_EXIT, 0x31C000
.set STACK2, 0x31E000
.set L1_VMXON_REGION, 0x320000
.set L1_VMCS, 0x321000
.set EPT02, 0x330000         // PML4; the pool behind it
.set EPT12, 0x340000         // PML4, PDPT, directory, and the table of MOVED
.set EPT12_TABLE, EPT12 + 0x3000
.set TABLES, 0x348000        // of L2's own page at REMAPPED
.set MOVED, 0x400000         // whose EPT12 entry changes
.set READ_ONLY, 0x402000     // which EPT12 has read-only
.set FRAME_A, 0x600000
.set FRAME_B, 0x601000
.set REMAPPED, 0x200000000   // whose page-table entry changes
.set VPID01, 1
.set VPID02, 2
.set VPID12, 1

GUEST nested
  cld
  movl $DATA, %edi
  xorl %eax, %eax
  movl $8, %ecx
  rep stosq
  movq %rsi, %rdi
  leaq words(%rip), %rsi
  call choose
  movl %eax, BEHAVIOUR
  movl $STACK0, %esp
  movl $EPT01, %edi
  call map_to_itself
  movl $VMXON_REGION, %edi
  call vmx_on
  call empty_ept02

  // VMCS02: what L0 keeps for itself; the rest comes from L1 at each entry.
  movl $VMCS02, %edi
  call new_vmcs
  movl $EPT02 | EPTP_FLAGS, %eax
  VMWRITE 0x201A, %rax
  movl $VPID02, %eax
  VMWRITE 0x0000, %rax
  testl $EPTP_SWITCHING, BEHAVIOUR
  jz 1f
  movq $EPT02 | EPTP_FLAGS, EPTP_LIST
  movl $EPTP_LIST, %eax
  VMWRITE 0x2024, %rax
  movl $1, %eax                             // EPTP switching
  VMWRITE 0x2018, %rax
  VMREAD 0x401E, %rax
  orl $0x2000, %eax                         // VM functions
  VMWRITE 0x401E, %rax
1:

  // VMCS01: L1 begins at l1.
  movl $VMCS01, %edi
  call new_vmcs
  movl $EPT01 | EPTP_FLAGS, %eax
  VMWRITE 0x201A, %rax
  movl $VPID01, %eax
  VMWRITE 0x0000, %rax
  leaq l1(%rip), %rax
  VMWRITE 0x681E, %rax
  movl $STACK1, %eax
  VMWRITE 0x681C, %rax
  testl $SHADOW, BEHAVIOUR
  jz 1f
  call revision
  orl $0x80000000, %eax
  movl %eax, SHADOW_VMCS
  pushq $SHADOW_VMCS
  vmclear (%rsp)
  popq %rax
  VMWRITE 0x2800, %rax                      // VMCS link pointer
  movl $MSR_BITMAP, %eax
  VMWRITE 0x2026, %rax
  VMWRITE 0x2028, %rax
  VMREAD 0x401E, %rax
  orl $0x4000, %eax                         // VMCS shadowing
  VMWRITE 0x401E, %rax
1:
  vmlaunch
  jmp vmx_failed

// A VMCS at RDI for a 64-bit guest of L0's. Changes RAX, RCX, RDX, RSI.
new_vmcs:
  call use_vmcs
  CONTROLS 0x4000, 0x48D, 0
  CONTROLS 0x4002, 0x48E, 0x90000000        // secondary controls, MSR bitmaps
  CONTROLS 0x401E, 0x48B, 0x22              // EPT, VPID
  CONTROLS 0x400C, 0x48F, 0x200             // 64-bit host
  CONTROLS 0x4012, 0x490, 0x200             // 64-bit guest
  leaq flat(%rip), %rsi
  movl $flat_count, %ecx
  call fill_vmcs
  call copy_state
  movl $MSR_BITMAP, %eax
  VMWRITE 0x2004, %rax
  movl $STACK0, %eax
  VMWRITE 0x6C14, %rax
  leaq exited(%rip), %rax
  VMWRITE 0x6C16, %rax
  ret

// MARK: L0

// RBP: the guest's registers by number, RSP among them.
exited:
  pushq %r15
  pushq %r14
  pushq %r13
  pushq %r12
  pushq %r11
  pushq %r10
  pushq %r9
  pushq %r8
  pushq %rdi
  pushq %rsi
  pushq %rbp
  pushq $0
  pushq %rbx
  pushq %rdx
  pushq %rcx
  pushq %rax
  movq %rsp, %rbp
  VMREAD 0x681C, %rax
  movq %rax, 32(%rbp)
  VMREAD 0x4402, %rax
  cmpl $0, IN_L2
  jne exited_l2
  leaq l1_exits(%rip), %rsi
1:
  cmpl $0, (%rsi)
  je unknown_exit
  cmpl %eax, (%rsi)
  leaq 8(%rsi), %rsi
  jne 1b
  movslq -4(%rsi), %rax
  leaq exited(%rip), %rcx
  addq %rcx, %rax
  jmp *%rax

.macro ON reason, label
  .long \reason, \label - exited
.endm
  .balign 8
l1_exits:
  ON 18, l1_finished
  ON 19, l1_vmclear
  ON 20, l1_enters
  ON 21, l1_vmptrld
  ON 23, l1_vmread
  ON 24, l1_enters
  ON 25, l1_vmwrite
  ON 27, l1_vmxon
  ON 50, l1_invept
  ON 53, l1_invvpid
  ON 0, exited

unknown_exit:
  pushq %rax
  PRINT unknown_text
  popq %rax
  call print_hex
  PRINT newline
  EXIT 0x7E

// Back to the guest, behind an instruction that has succeeded (SDM Vol. 3, "VMX Instruction Conventions").
succeed:
  VMREAD 0x6820, %rax
  andq $~0x8D5, %rax
  VMWRITE 0x6820, %rax
  VMREAD 0x681E, %rax
  VMREAD 0x440C, %rcx
  addq %rcx, %rax
  VMWRITE 0x681E, %rax
resume:
  popq %rax
  popq %rcx
  popq %rdx
  popq %rbx
  addq $8, %rsp
  popq %rbp
  popq %rsi
  popq %rdi
  popq %r8
  popq %r9
  popq %r10
  popq %r11
  popq %r12
  popq %r13
  popq %r14
  popq %r15
  vmresume
  jmp vmx_failed

// L1 may have one VMCS: that it is cleared and current says nothing new.
l1_vmxon:
l1_vmclear:
l1_vmptrld:
  jmp succeed

// The 64-bit register that bits \shift + 3 to \shift of the exit's instruction information name: its place into RAX.
// Changes RDX.
.macro NAMED_REGISTER shift
  VMREAD 0x440E, %rax
  shrl $\shift, %eax
  andl $15, %eax
  leaq (%rbp,%rax,8), %rax
.endm

l1_vmread:
  NAMED_REGISTER 28
  movl (%rax), %edx
  call place
  movq (%rax), %rbx
  NAMED_REGISTER 3
  movq %rbx, (%rax)
  jmp succeed

l1_vmwrite:
  NAMED_REGISTER 3
  movq (%rax), %rbx
  NAMED_REGISTER 28
  movl (%rax), %edx
  call place
  movq %rbx, (%rax)
  jmp succeed

// Address in VMCS12 of the field whose encoding is EDX, into RAX. Changes RCX.
place:
  movl %edx, %eax
  shrl $1, %eax
  andl $31, %eax
  movl %edx, %ecx
  shrl $5, %ecx
  andl $3 << 5, %ecx
  orl %ecx, %eax
  movl %edx, %ecx
  shrl $6, %ecx
  andl $3 << 7, %ecx
  orl %ecx, %eax
  leaq VMCS12(,%rax,8), %rax
  ret

l1_invept:
  testl $LOSE_INVEPT, BEHAVIOUR
  jnz succeed
  call empty_ept02
  pushq $0
  pushq $EPT02 | EPTP_FLAGS
  movl $1, %eax
  invept (%rsp), %rax
  addq $16, %rsp
  jmp succeed

l1_invvpid:
  movl $VPID02, %ecx
  testl $WRONG_VPID, BEHAVIOUR
  jz 1f
  incl %ecx
1:
  pushq $0
  pushq %rcx
  movl $1, %eax
  invvpid (%rsp), %rax
  addq $16, %rsp
  jmp succeed

empty_ept02:
  movl $EPT02, %edi
  movl $EPT02 + 0x1000, POOL
  xorl %eax, %eax
  movl $512, %ecx
  rep stosq
  ret

// VMLAUNCH, VMRESUME of L1: L2 goes on with what VMCS12 says.
l1_enters:
  testl $SHADOW, BEHAVIOUR
  jz 1f
  movl $SHADOW_VMCS, %edi
  call switch_vmcs
  leaq guest_fields(%rip), %rsi
  call keep_fields
  leaq control_fields(%rip), %rsi
  call keep_fields
1:
  movl $EPT02 | EPTP_FLAGS, %eax
  movl $VPID02, %ecx
  movl $VMCS02, %edi
  call become
  leaq guest_fields(%rip), %rsi
1:
  movl (%rsi), %edx
  call place
  movq (%rax), %rax
  vmwrite %rax, %rdx
  addq $4, %rsi
  cmpl $-1, (%rsi)
  jne 1b
  testl $NO_VPID12, BEHAVIOUR
  jz 2f
  testl $KEEP_MAPPINGS, BEHAVIOUR
  jnz 2f
  pushq $0
  pushq $VPID02
  movl $1, %eax
  invvpid (%rsp), %rax
  addq $16, %rsp
2:
  movl $1, IN_L2
  testl $ONE_VMCS, BEHAVIOUR
  jnz resume
  cmpl $0, LAUNCHED
  jne resume
  movl $1, LAUNCHED
  addq $16 * 8, %rsp
  vmlaunch
  jmp vmx_failed

// Goes on with the VMCS at RDI, or with the one that there is under the EPTP in RAX and the VPID in RCX. Changes RDX.
become:
  testl $ONE_VMCS, BEHAVIOUR
  jz switch_vmcs
  VMWRITE 0x201A, %rax
  VMWRITE 0x0000, %rcx
  ret

// Makes the VMCS at RDI current.
switch_vmcs:
  pushq %rdi
  vmptrld (%rsp)
  popq %rdi
  jna vmx_failed
  ret

exited_l2:
  cmpl $48, %eax
  je l2_violation

// L1 has the exit.
reflect:
  leaq guest_fields(%rip), %rsi
  call keep_fields
  leaq exit_fields(%rip), %rsi
  call keep_fields
  testl $SHADOW, BEHAVIOUR
  jz 1f
  movl $SHADOW_VMCS, %edi
  call switch_vmcs
  leaq guest_fields(%rip), %rsi
  call give_fields
  leaq exit_fields(%rip), %rsi
  call give_fields
1:
  movl $EPT01 | EPTP_FLAGS, %eax
  movl $VPID01, %ecx
  movl $VMCS01, %edi
  call become
  movl $0, IN_L2
  movl $0x6C16, %edx
  call place
  movq (%rax), %rax
  VMWRITE 0x681E, %rax
  movl $0x6C14, %edx
  call place
  movq (%rax), %rax
  VMWRITE 0x681C, %rax
  movl $2, %eax
  VMWRITE 0x6820, %rax
  jmp resume

// Reads the fields listed at RSI into VMCS12. Changes RAX, RBX, RCX, RDX.
keep_fields:
  movl (%rsi), %edx
  vmread %rdx, %rbx
  call place
  movq %rbx, (%rax)
  addq $4, %rsi
  cmpl $-1, (%rsi)
  jne keep_fields
  ret

// The other way. Changes RAX, RCX, RDX.
give_fields:
  movl (%rsi), %edx
  call place
  vmwrite (%rax), %rdx
  addq $4, %rsi
  cmpl $-1, (%rsi)
  jne give_fields
  ret

// EPT02 lacks what L2 wants: if EPT12 has it, it is filled in; else the violation is L1's.
l2_violation:
  VMREAD 0x2400, %rdi                // guest-physical address
  movl $0x201A, %edx
  call place
  movq (%rax), %rbx
  movl $EPT_ALL, %r8d                // rights of the path
  movl $39, %ecx
1:
  andq $~0xFFF, %rbx
  movq %rdi, %rax
  shrq %cl, %rax
  andl $511, %eax
  movq (%rbx,%rax,8), %rbx
  andl %ebx, %r8d
  testl $EPT_ALL, %ebx
  jz reflect
  cmpl $12, %ecx
  je 2f
  testl $0x80, %ebx
  jnz 2f
  subl $9, %ecx
  jmp 1b
2:
  VMREAD 0x6400, %rax                // what the access needs
  andl $EPT_ALL, %eax
  movl %r8d, %edx
  notl %edx
  testl %edx, %eax
  jnz reflect
  movl $1, %eax                      // the page's frame, by EPT12; EPT01 maps it to itself
  shlq %cl, %rax
  decq %rax
  movq %rbx, %r9
  andl $0x78, %r9d                   // memory type, ignore PAT
  movq %rax, %rdx
  notq %rdx
  andq %rdx, %rbx
  movabsq $0x000FFFFFFFFFF000, %rdx
  andq %rdx, %rbx
  andq %rdi, %rax
  orq %rax, %rbx
  andq $~0xFFF, %rbx
  testl $WRONG_ENTRY, BEHAVIOUR
  jz 3f
  cmpq $FRAME_A, %rbx
  jne 3f
  xorq $FRAME_A ^ FRAME_B, %rbx
3:
  testl $WRONG_TYPE, BEHAVIOUR
  jz 4f
  andl $~0x38, %r9d
4:
  testl $ALL_RIGHTS, BEHAVIOUR
  jz 5f
  movl $EPT_ALL, %r8d
5:
  orq %r8, %rbx
  orq %r9, %rbx

  // The entry's place in EPT02; tables that lack are taken from the pool.
  movl $EPT02, %esi
  movl $39, %ecx
6:
  movq %rdi, %rax
  shrq %cl, %rax
  andl $511, %eax
  leaq (%rsi,%rax,8), %rsi
  cmpl $12, %ecx
  je 8f
  testl $EPT_ALL, (%rsi)
  jnz 7f
  movl POOL, %eax
  addl $0x1000, POOL
  pushq %rcx
  pushq %rdi
  movl %eax, %edi
  xorl %eax, %eax
  movl $512, %ecx
  rep stosq
  leaq -0x1000 + EPT_ALL(%rdi), %rax
  popq %rdi
  popq %rcx
  movq %rax, (%rsi)
7:
  movq (%rsi), %rsi
  andq $~0xFFF, %rsi
  subl $9, %ecx
  jmp 6b
8:
  movq %rbx, (%rsi)
  jmp resume

l1_finished:
  cmpl $0, WRONG
  jne mistaken
  EXIT 0
mistaken:
  EXIT 1

// MARK: L1

l1:
  movl $L1_VMXON_REGION, %edi
  call vmx_on
  movl $EPT12, %edi
  call map_to_itself
  movq $EPT12_TABLE | EPT_ALL, EPT12 + 0x2000 + (MOVED >> 21) * 8
  movq $FRAME_A | EPT_PAGE, EPT12_TABLE
  movq $READ_ONLY | 0x31, EPT12_TABLE + (READ_ONLY >> 12 & 511) * 8
  movq $0xA, FRAME_A
  movq $0xB, FRAME_B

  // L2's page at REMAPPED: PDPT[8] -> directory -> table -> FRAME_A.
  movq %cr3, %rax
  movq (%rax), %rbx
  andq $~0xFFF, %rbx
  movq $TABLES | 3, 64(%rbx)
  movq $TABLES + 0x1000 | 3, TABLES
  movq $FRAME_A | 3, TABLES + 0x1000

  movl $L1_VMCS, %edi
  call use_vmcs
  CONTROLS 0x4000, 0x48D, 0
  CONTROLS 0x4002, 0x48E, 0x80000000
  CONTROLS 0x401E, 0x48B, 0x22
  CONTROLS 0x400C, 0x48F, 0x200
  CONTROLS 0x4012, 0x490, 0x200
  leaq flat(%rip), %rsi
  movl $flat_count, %ecx
  call fill_vmcs
  call copy_state
  testl $NO_VPID12, BEHAVIOUR
  jz 1f
  movl $0x401E, %edx
  vmread %rdx, %rax
  andl $~0x20, %eax
  vmwrite %rax, %rdx
1:
  movl $EPT12 | EPTP_FLAGS, %eax
  VMWRITE 0x201A, %rax
  movl $VPID12, %eax
  VMWRITE 0x0000, %rax
  leaq l2(%rip), %rax
  VMWRITE 0x681E, %rax
  movl $STACK2, %eax
  VMWRITE 0x681C, %rax
  leaq l1_exited(%rip), %rax
  VMWRITE 0x6C16, %rax
  movl $STACK1_EXIT, %eax
  VMWRITE 0x6C14, %rax
  vmlaunch
  jmp vmx_failed

// L2 says in EAX how far it is, and in RBX what it has read.
l1_exited:
  movl %eax, %r12d
  VMREAD 0x4402, %rcx
  cmpl $18, %ecx
  je 1f
  cmpl $26, %ecx
  je 8f
  cmpl $48, %ecx
  movl %ecx, %eax
  jne unknown_exit
  movl $1, DENIED
  leaq l2_denied(%rip), %rax
  VMWRITE 0x681E, %rax
  jmp 9f
1:
  VMREAD 0x681E, %rax
  VMREAD 0x440C, %rcx
  addq %rcx, %rax
  VMWRITE 0x681E, %rax
  cmpl $5, %r12d
  je 5f

  // Steps 1 to 4: A, B, A, B.
  leaq step_texts(%rip), %rsi
  movl %r12d, %eax
  imull $STEP_SIZE, %eax
  leaq -STEP_SIZE(%rsi,%rax), %rsi
  call print
  movq %rbx, %rax
  call print_hex
  PRINT newline
  movl %r12d, %eax
  andl $1, %eax
  xorl $0xB, %eax
  cmpq %rax, %rbx
  je 2f
  incl WRONG
2:
  cmpl $1, %r12d
  je 3f
  cmpl $3, %r12d
  jne 9f
  movq $FRAME_B | 3, TABLES + 0x1000
  testl $NO_VPID12, BEHAVIOUR
  jnz 9f
  pushq $0
  pushq $VPID12
  movl $1, %eax
  invvpid (%rsp), %rax
  addq $16, %rsp
  jmp 9f
3:
  movq $FRAME_B | EPT_PAGE, EPT12_TABLE
  pushq $0
  pushq $EPT12 | EPTP_FLAGS
  movl $1, %eax
  invept (%rsp), %rax
  addq $16, %rsp
9:
  vmresume
  jmp vmx_failed

// L2 is told that its VMXOFF is done.
8:
  VMREAD 0x681E, %rax
  addq $3, %rax
  VMWRITE 0x681E, %rax
  jmp 9b

5:
  PRINT denied_text
  movl DENIED, %eax
  call print_hex
  PRINT newline
  movl DENIED, %eax
  xorl $1, %eax
  addl %eax, WRONG
  vmcall

// MARK: L2

l2:
  testl $THIRD_LEVEL, BEHAVIOUR
  jz 1f
  vmxoff
1:
  testl $EPTP_SWITCHING, BEHAVIOUR
  jz 1f
  xorl %eax, %eax
  xorl %ecx, %ecx
  vmfunc
1:
  movq MOVED, %rbx
  movl $1, %eax
  vmcall
  movq MOVED, %rbx
  movl $2, %eax
  vmcall
  movabsq $REMAPPED, %rcx
  movq (%rcx), %rbx
  movl $3, %eax
  vmcall
  movabsq $REMAPPED, %rcx
  movq (%rcx), %rbx
  movl $4, %eax
  vmcall
  movq READ_ONLY, %rax
  movq %rax, READ_ONLY
l2_denied:
  movl $5, %eax
  vmcall

// Guest state that L1 sets and L2 changes.
  .balign 8
guest_fields:
  .long 0x0800, 0x0802, 0x0804, 0x0806, 0x0808, 0x080A, 0x080C, 0x080E
  .long 0x2800, 0x4800, 0x4802, 0x4804, 0x4806, 0x4808, 0x480A, 0x480C, 0x480E, 0x4810, 0x4812
  .long 0x4814, 0x4816, 0x4818, 0x481A, 0x481C, 0x481E, 0x4820, 0x4822, 0x4824, 0x4826, 0x482A
  .long 0x6800, 0x6802, 0x6804, 0x6806, 0x6808, 0x680A, 0x680C, 0x680E, 0x6810, 0x6812, 0x6814, 0x6816, 0x6818
  .long 0x681A, 0x681C, 0x681E, 0x6820, 0x6822, 0x6824, 0x6826, -1
control_fields:
  .long 0x201A, 0x4002, 0x401E, 0x6C14, 0x6C16, -1
exit_fields:
  .long 0x2400, 0x4402, 0x4404, 0x4406, 0x4408, 0x440A, 0x440C, 0x440E, 0x6400, 0x640A, -1

  .balign 8
words:
  .asciz "entry\0\0"
  .quad WRONG_ENTRY
  .asciz "memtype"
  .quad WRONG_TYPE
  .asciz "rights\0"
  .quad ALL_RIGHTS
  .asciz "lost\0\0\0"
  .quad LOSE_INVEPT
  .asciz "vpid\0\0\0"
  .quad WRONG_VPID
  .asciz "kept\0\0\0"
  .quad NO_VPID12 | KEEP_MAPPINGS
  .asciz "novpid\0"
  .quad NO_VPID12
  .asciz "onevmcs"
  .quad ONE_VMCS
  .asciz "shadow\0"
  .quad SHADOW
  .asciz "third\0\0"
  .quad THIRD_LEVEL
  .asciz "switch\0"
  .quad EPTP_SWITCHING
  .quad 0

  FLAT_STATE flat
  VMX_ROUTINES
  WORD_ROUTINE
  ROUTINES

.set STEP_SIZE, 48
.macro STEP text
9:
  .asciz "\text"
  .fill STEP_SIZE - (. - 9b), 1, 0
.endm
step_texts:
  STEP "L2 reads a page:                           "
  STEP "after its EPT12 entry changed, and INVEPT: "
  STEP "L2 reads a page of its own page table:     "
  STEP "after its entry changed, and INVVPID:      "
denied_text:
  .asciz "L2's write to a read-only page is stopped: "
unknown_text:
  .asciz "an exit that nobody expects: "
newline:
  .asciz "\n"
END_GUEST nested
