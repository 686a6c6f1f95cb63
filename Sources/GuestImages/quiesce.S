#include "guest.inc"
#include "smp.inc"
#include "vmx.inc"
// quiesce: a hypervisor whose processors run one guest on one EPT. The guest's first processor has a page protected by
// hypercall: the hypervisor stops the other processors by NMI, takes the page from the EPT, has each of them execute
// INVEPT, and writes a secret into the page's frame. The others read the page all the time: after that they must end in
// an EPT violation (SDM Vol. 3, "Operations that Invalidate Cached Mappings"; TLB rules S1, S4, S5).
//
// The command line's first word may ask for a mistake:
//
//   noflush   nobody but the first processor executes INVEPT
//   early     the others execute INVEPT before the entry changes, and go on
//   nowait    the secret is written before the others have answered
//   type      the others execute INVVPID: guest-physical mappings stay
//   tag       the others execute INVEPT for another EPTP
//   flags     the others execute INVEPT for the address of the EPT, which no EPTP is: it fails
//   cr3       the others write CR3: what is tagged with the guest's VPID stays
//   invlpg    the others execute INVLPG of the page: that is the host's own
//
// or for another protocol, which is right, and the same with a race that shows only when a processor is late at one point
// (docs/SCHEDULE.md):
//
//   shoot     the entry changes first; the others invalidate when the NMI comes, and are not stopped
//   hasty     the same, but the NMI goes out before the change
//   kick      an NMI goes only to a processor that says it is in the guest; who is not looks for the request before it
//             enters. With two processors
//   miskick   the same, but it looks before it says that it is in the guest
//   yield     as shoot, and the other's guest gives way all the time: the NMI may come while the hypervisor runs
//   defer     the same, but an NMI in the hypervisor is only noted: entries look for the note. With two processors
//
// Exit status 1: nobody read the secret; 3: somebody did. Run it with --cpus N, 2 to 8.

.set IDT, 0xA000
.set IDTR, 0x9080
.set TSS, 0x9800
.set DATA, 0x9000
.set STARTED, DATA           // processors but the first that have come up
.set READY, DATA + 4         // that have read the page
.set ACKNOWLEDGED, DATA + 8  // that have taken the NMI
.set RELEASED, DATA + 12     // the EPT is changed
.set DONE, DATA + 16         // that have answered
.set FINISH, DATA + 20       // the guest's first processor has its answer
.set REPORTS, DATA + 24      // the guest's processors that are done
.set LEAKED, DATA + 28       // that have read the secret
.set CAUGHT, DATA + 32       // that the EPT has stopped
.set PROCESSORS, DATA + 36
.set BEHAVIOUR, DATA + 40
.set IN_GUEST, DATA + 44     // kick: the other processor may use its mappings
.set REQUEST, DATA + 48      // kick: it is to invalidate
.set ENTRIES, DATA + 52      // how often the other has gone back to its guest
.set PENDING, DATA + 56      // defer: an NMI was noted

.set FLUSH_LATE, 1           // the others invalidate after the change
.set FLUSH_EARLY, 2          // they invalidate before it, and go on
.set USE_INVVPID, 4
.set USE_OTHER_TAG, 8
.set NO_WAIT, 16
.set NO_FLUSH, 32
.set USE_CR3, 64
.set USE_INVLPG, 128
.set CHANGE_FIRST, 256       // the NMI goes out behind the change
.set KICK, 512
.set LOOK_FIRST, 1024        // the request is looked for before IN_GUEST is set
.set NO_STOP, 2048           // nobody waits until the others have stopped
.set YIELD, 4096             // the others' guest makes hypercalls
.set DEFER, 8192             // an NMI in the hypervisor is only noted
.set USE_ADDRESS, 16384      // with USE_OTHER_TAG: an EPTP without its low bits

.set EPT, 0x300000           // PML4, PDPT, directory, and the table of the page
.set EPT_TABLE, EPT + 0x3000
.set OWN, 0x310000           // 32 KiB a processor: VMXON region, VMCS, stacks
.set OWN_SIZE, 0x8000
.set PAGE, 0x400000          // the page that is protected
.set PUBLIC, 0x1111
.set SECRET, 0x5EC2E7
.set VPID, 1

GUEST quiesce
  cld
  movq %rsi, %rbx
  movl $DATA, %edi
  xorl %eax, %eax
  movl $16, %ecx
  rep stosq
  movq %rbx, %rdi
  leaq words(%rip), %rsi
  call choose
  testl %eax, %eax
  movl $FLUSH_LATE, %ecx
  cmovzl %ecx, %eax
  movl %eax, BEHAVIOUR

  leaq nmi(%rip), %rax
  movl $IDT + 2 * 16, %edi
  call gate
  movw $0xFFF, IDTR
  movq $IDT, IDTR + 2
  lidt IDTR

  // The EPT: everything maps to itself, the page's 2 MiB by small pages.
  movl $EPT, %edi
  call map_to_itself
  movq $EPT_TABLE | EPT_ALL, EPT + 0x2000 + (PAGE >> 21) * 8
  movl $PAGE | EPT_PAGE, %eax
  xorl %ecx, %ecx
1:
  movq %rax, EPT_TABLE(,%rcx,8)
  addq $0x1000, %rax
  incl %ecx
  cmpl $512, %ecx
  jne 1b
  movq $PUBLIC, PAGE

  PLACE_TRAMPOLINE started
  START_OTHERS
  AWAIT_OTHERS STARTED
  movl %r12d, PROCESSORS
  xorl %r15d, %r15d
  leaq first(%rip), %r14
  jmp enter_guest

// Every other processor.
started:
  movl $0x10, %eax
  movl %eax, %ds
  movl %eax, %es
  movl %eax, %ss
  movl %eax, %fs
  movl %eax, %gs
  lidt IDTR
  movl $APIC, %ebx
  movl $0x1FF, 0xF0(%rbx)
  movl $1, %r15d
  lock xaddl %r15d, STARTED
  incl %r15d
  leaq other(%rip), %r14

// Becomes the guest's processor R15D, at R14.
enter_guest:
  movl %r15d, %edi
  imull $OWN_SIZE, %edi
  addl $OWN, %edi
  leaq 0x4000(%rdi), %rsp
  call vmx_on
  addl $0x1000, %edi
  call use_vmcs
  CONTROLS 0x4000, 0x48D, 8                 // NMI exiting
  CONTROLS 0x4002, 0x48E, 0x80000000        // secondary controls
  CONTROLS 0x401E, 0x48B, 0x22              // EPT, VPID
  CONTROLS 0x400C, 0x48F, 0x200             // 64-bit host
  CONTROLS 0x4012, 0x490, 0x200             // 64-bit guest
  leaq flat(%rip), %rsi
  movl $flat_count, %ecx
  call fill_vmcs
  call copy_state
  movl $VPID, %eax
  VMWRITE 0x0000, %rax
  movl $EPT | EPTP_FLAGS, %eax
  VMWRITE 0x201A, %rax
  leaq 0x5000(%rdi), %rax
  VMWRITE 0x681C, %rax
  VMWRITE 0x6C14, %rsp
  VMWRITE 0x681E, %r14
  leaq exited(%rip), %rax
  VMWRITE 0x6C16, %rax
  vmlaunch
  jmp vmx_failed

// MARK: The guest

first:
  movl PROCESSORS, %r12d
  decl %r12d
1:
  pause
  cmpl %r12d, READY
  jne 1b
  movl $1, %eax
  vmcall
  movl $200, %ecx
2:
  pause
  decl %ecx
  jnz 2b
  movl $1, FINISH
3:
  pause
  cmpl %r12d, REPORTS
  jne 3b
  movl $2, %eax
  vmcall

other:
  movq PAGE, %rax
  lock incl READY
1:
  testl $KICK | YIELD, BEHAVIOUR
  jz 4f
  movl $4, %eax
  vmcall
4:
  movq PAGE, %rax
  cmpq $SECRET, %rax
  je 2f
  pause
  cmpl $0, FINISH
  je 1b
  movq PAGE, %rax
  cmpq $SECRET, %rax
  jne 3f
2:
  lock incl LEAKED
3:
  lock incl REPORTS
  movl $3, %eax
  vmcall

// Where the hypervisor puts a processor that the EPT has stopped.
stopped:
  lock incl CAUGHT
  jmp 3b

// MARK: The hypervisor

exited:
  pushq %rax
  pushq %rcx
  pushq %rdx
  pushq %rsi
  VMREAD 0x4402, %rcx
  cmpl $0, %ecx
  je exited_nmi
  cmpl $18, %ecx
  je exited_vmcall
  cmpl $48, %ecx
  je exited_violation
  pushq %rcx
  PRINT unknown_text
  popq %rax
  call print_hex
  PRINT newline
  EXIT 0x7E

resume:
  popq %rsi
  popq %rdx
  popq %rcx
  popq %rax
  vmresume
  jmp vmx_failed

// The same for a processor whose mappings somebody may want to be rid of.
resume_other:
  testl $KICK, BEHAVIOUR
  jnz 1f
  cmpl $0, PENDING
  je 0f
  movl $0, PENDING
  call invalidate
0:
  lock incl ENTRIES
  jmp resume
1:
  testl $LOOK_FIRST, BEHAVIOUR
  jnz 2f
  lock orl $1, IN_GUEST
  lock incl ENTRIES
  cmpl $0, REQUEST
  je resume
  movl $0, IN_GUEST
  jmp 3f
2:
  cmpl $0, REQUEST
  jne 3f
  lock incl ENTRIES
  lock orl $1, IN_GUEST
  jmp resume
3:
  call invalidate
  movl $0, REQUEST
  jmp 1b

exited_nmi:
  movl $0, IN_GUEST
  call quiesced
  jmp resume_other

exited_violation:
  movl $0, IN_GUEST
  leaq stopped(%rip), %rax
  VMWRITE 0x681E, %rax
  jmp resume_other

// The guest has nothing to do.
yields:
  movl $0, IN_GUEST
  jmp resume_other

exited_vmcall:
  VMREAD 0x681E, %rax
  VMREAD 0x440C, %rcx
  addq %rcx, %rax
  VMWRITE 0x681E, %rax
  movq 24(%rsp), %rax
  cmpl $1, %eax
  je protect
  cmpl $2, %eax
  je finish
  cmpl $4, %eax
  je yields
4:
  cli
  hlt
  jmp 4b

// An NMI that comes while the hypervisor runs.
nmi:
  pushq %rax
  testl $DEFER, BEHAVIOUR
  jz 1f
  movl $1, PENDING
  lock incl DONE
  jmp 2f
1:
  call quiesced
2:
  popq %rax
  iretq

// Waits in the hypervisor until the EPT is changed, and invalidates. Changes RAX.
quiesced:
  testl $KICK, BEHAVIOUR
  jz 0f
  cmpl $0, REQUEST
  je 4f
  call invalidate
  movl $0, REQUEST
4:
  ret
0:
  testl $FLUSH_EARLY, BEHAVIOUR
  jz 1f
  call invalidate
  lock incl ACKNOWLEDGED
  lock incl DONE
  ret
1:
  lock incl ACKNOWLEDGED
2:
  pause
  cmpl $0, RELEASED
  je 2b
  testl $FLUSH_LATE, BEHAVIOUR
  jz 3f
  call invalidate
3:
  lock incl DONE
  ret

// What the others do to their mappings. Changes RAX.
invalidate:
  testl $USE_INVVPID, BEHAVIOUR
  jnz 1f
  testl $USE_CR3, BEHAVIOUR
  jnz 3f
  testl $USE_INVLPG, BEHAVIOUR
  jnz 4f
  movl $EPT | EPTP_FLAGS, %eax
  testl $USE_OTHER_TAG, BEHAVIOUR
  jz 2f
  call other_pointer
2:
  pushq $0
  pushq %rax
  movl $1, %eax
  invept (%rsp), %rax
  addq $16, %rsp
  ret
1:
  pushq $0
  pushq $VPID
  movl $1, %eax
  invvpid (%rsp), %rax
  addq $16, %rsp
  ret
3:
  movq %cr3, %rax
  movq %rax, %cr3
  ret
4:
  invlpg PAGE
  ret

// The hypercall: takes the page from every processor, then uses its frame.
protect:
  movl PROCESSORS, %ecx
  decl %ecx
  movl $APIC, %edx
  testl $KICK, BEHAVIOUR
  jnz 5f
  testl $CHANGE_FIRST, BEHAVIOUR
  jz 0f
  call change
0:
  movl $0xC4400, 0x300(%rdx)
  testl $NO_WAIT | NO_STOP, BEHAVIOUR
  jnz 2f
1:
  pause
  cmpl %ecx, ACKNOWLEDGED
  jne 1b
2:
  testl $CHANGE_FIRST, BEHAVIOUR
  jnz 2f
  call change
2:
  movl $1, RELEASED
  testl $NO_WAIT, BEHAVIOUR
  jnz 4f
3:
  pause
  cmpl %ecx, DONE
  jne 3b
4:
  movq $SECRET, PAGE
  jmp resume

5:
  call change
  lock orl $1, REQUEST
  cmpl $0, IN_GUEST
  je 4b
  movl $0xC4400, 0x300(%rdx)
6:
  pause
  cmpl $0, REQUEST
  jne 6b
  jmp 4b

// The page goes, and what this processor remembers of it. Changes RAX.
change:
  movq $0, EPT_TABLE
  pushq $0
  pushq $EPT | EPTP_FLAGS
  movl $1, %eax
  invept (%rsp), %rax
  addq $16, %rsp
  ret

finish:
  PRINT processors_text
  movl PROCESSORS, %eax
  call print_hex
  PRINT acknowledged_text
  movl ACKNOWLEDGED, %eax
  call print_hex
  PRINT caught_text
  movl CAUGHT, %eax
  call print_hex
  PRINT leaked_text
  movl LEAKED, %eax
  call print_hex
  PRINT newline
  cmpl $0, LEAKED
  jne leaked
  EXIT 0
leaked:
  EXIT 1

  .balign 8
words:
  .asciz "noflush"
  .quad NO_FLUSH
  .asciz "early\0\0"
  .quad FLUSH_EARLY
  .asciz "nowait\0"
  .quad FLUSH_LATE | NO_WAIT
  .asciz "type\0\0\0"
  .quad FLUSH_LATE | USE_INVVPID
  .asciz "tag\0\0\0\0"
  .quad FLUSH_LATE | USE_OTHER_TAG
  .asciz "cr3\0\0\0\0"
  .quad FLUSH_LATE | USE_CR3
  .asciz "invlpg\0"
  .quad FLUSH_LATE | USE_INVLPG
  .asciz "shoot\0\0"
  .quad FLUSH_EARLY | CHANGE_FIRST | NO_STOP
  .asciz "hasty\0\0"
  .quad FLUSH_EARLY | NO_STOP
  .asciz "kick\0\0\0"
  .quad KICK
  .asciz "yield\0\0"
  .quad FLUSH_EARLY | CHANGE_FIRST | NO_STOP | YIELD
  .asciz "defer\0\0"
  .quad FLUSH_EARLY | CHANGE_FIRST | NO_STOP | YIELD | DEFER
  .asciz "miskick"
  .quad KICK | LOOK_FIRST
  .asciz "flags\0\0"
  .quad FLUSH_LATE | USE_OTHER_TAG | USE_ADDRESS
  .quad 0

  FLAT_STATE flat
  GATE_ROUTINE
  VMX_ROUTINES
  WORD_ROUTINE
  ROUTINES

processors_text:
  .asciz "processors:            "
acknowledged_text:
  .asciz "\nstopped by NMI:        "
caught_text:
  .asciz "\nstopped by the EPT:    "
leaked_text:
  .asciz "\nread the secret:       "
unknown_text:
  .asciz "an exit that nobody expects: "
newline:
  .asciz "\n"

  TRAMPOLINE_CODE

// A pointer in EAX that INVEPT takes for another EPT's, or for none.
other_pointer:
  addl $0x1000, %eax
  testl $USE_ADDRESS, BEHAVIOUR
  jz 1f
  movl $EPT, %eax
1:
  ret
END_GUEST quiesce
