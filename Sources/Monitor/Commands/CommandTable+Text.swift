extension CommandTable {
  /// The families of commands: their titles, and their rows.
  ///
  /// Of the first table of each: the name; the least of its last word that must be typed, or a short name; other names;
  /// what completes arguments; the arguments; an example. Of the second: what it does.
  static let families: [(title: String, rows: StaticString, help: StaticString)] = [
    ("Running", runRows, runHelp),
    ("Stops", stopsRows, stopsHelp),
    ("State", stateRows, stateHelp),
    ("Memory", memoryRows, memoryHelp),
    ("Translation", translationRows, translationHelp),
    ("VMX", vmxRows, vmxHelp),
    ("Order and files", orderRows, orderHelp),
  ]

  private static let runRows: StaticString = """
    name              least      alias     completer   arguments      example
    continue          c          cont      expression  [if E]         continue if rax == 0
    step              s          si,stepi  step        [cpu|all] [N]  step all 10
    next              n          ni,nexti  -           [N]            next
    finish            fin        -         -           -              finish
    until             unt        -         expression  E              until rax == 5
    reverse-step      reverse-s  rs        -           [N]            reverse-step 3
    reverse-continue  reverse-c  rc        expression  [if E]         reverse-continue
    goto              go         -         expression  CYCLE          goto 100000
    undo              und        -         -           -              undo
    """

  private static let runHelp: StaticString = """
    name              help
    continue          run on until a stop is met at which E holds
    step              execute N instructions (1) of the processor, of another one, or of whichever is next
    next              like step, but a call or a repeated instruction is one step
    finish            run on until the procedure returns
    until             run on to an address, or step until a condition holds
    reverse-step      go back N instructions (1) or events, of whichever processor; of another one it is told
    reverse-continue  go back to the last stop before here
    goto              go to a cycle, back or on
    undo              take the last run, step or change back
    """

  private static let stopsRows: StaticString = """
    name              least  alias      completer   arguments                       example
    break             b      lb,lbreak  expression  [ADDRESS] [if E]                break main if rdi > 4
    gbreak            gb     -          expression  ADDRESS [if E]                  gbreak 0x7c00 if rax != 0
    pbreak            pb     -          expression  ADDRESS [if E]                  pbreak 0x7c00
    vbreak            vb     -          expression  SELECTOR:OFFSET [if E]          vbreak 8:0x100000
    watch             wat    -          expression  [rwx] [LEVEL] E [BYTES] [if E]  watch rw physical 0x3008 8
    catch             cat    -          event       EVENT [if E]                    catch exception 14
    delete            d      -          -           [N ...]                         delete 1
    enable            en     -          -           [N ...]                         enable 1
    disable           disab  -          -           [N ...]                         disable 1
    info breakpoints  b      stops      -           -                               info breakpoints
    """

  private static let stopsHelp: StaticString = """
    name              help
    break             stop before the instruction at a linear address
    gbreak            stop before the instruction at a guest-physical address, in non-root operation
    pbreak            stop before the instruction at a physical address
    vbreak            stop before the instruction at an offset of a segment
    watch             stop behind a read or write of memory, or before a fetch: linear, guest or physical, 8 bytes
    catch             stop behind an event: exception [N], mode, inv, stale, verdict [NAME], entry-failure, port [E], msr [E]
    delete            delete stops, or all
    enable            stops count again, some or all
    disable           stops do not count, some or all
    info breakpoints  the stops, with how often each was met
    """

  private static let stateRows: StaticString = """
    name         least  alias      completer      arguments           example
    registers    r      regs,reg   register       [NAME ...]          registers
    sreg         sr     -          -              -                   sreg
    creg         cr     -          -              -                   creg
    dreg         dr     -          -              -                   dreg
    msr          m      -          modelSpecific  [NUMBER|NAME]       msr 0xc0000080
    set          set    -          register       REGISTER|l4[E] = E  set rax = rbx + 8
    cpu          cp     processor  processor      NUMBER              cpu 1
    info cpus    c      -          -              -                   info cpus
    info idt     i      -          expression     [VECTOR]            info idt 14
    info gdt     g      -          -              -                   info gdt
    info ldt     l      -          -              -                   info ldt
    info tss     ts     -          -              -                   info tss
    info lapic   la     -          -              -                   info lapic
    info ioapic  io     -          -              -                   info ioapic
    info pic     pi     -          -              -                   info pic
    info pci     pc     -          -              -                   info pci
    info events  ev     -          -              -                   info events
    info screen  sc     -          -              -                   info screen
    """

  private static let stateHelp: StaticString = """
    name         help
    registers    general registers, RIP and RFLAGS; or those named
    sreg         segment and descriptor-table registers
    creg         control registers, flag by flag
    dreg         debug registers
    msr          model-specific registers
    set          write a register, or memory
    cpu          make a processor the one that commands are about
    info cpus    all processors: mode, activity, clock, place
    info idt     gates of the interrupt-descriptor table
    info gdt     the global descriptor table
    info ldt     the local descriptor table
    info tss     the task-state segment: stacks, I/O map
    info lapic   the local APIC's registers
    info ioapic  the I/O APIC's redirection entries
    info pic     the 8259 pair's registers
    info pci     the functions on the PCI bus
    info events  what will happen by itself next
    info screen  the text screen
    """

  private static let memoryRows: StaticString = """
    name         least   alias   completer        arguments                example
    xg           xg      -       expression       [/NFU] E                 xg/2gx 0x1000
    examine      x       -       expression       [/NFU] E                 x/4gx rsp
    xp           xp      -       expression       [/NFU] E                 xp/8bx 0x1000
    disassemble  u       -       expression       [/N] [E]                 u/5 rip
    print        p       output  expression       [/F] E                   print/x l4[rsp] & 0xff
    writemem     writem  -       file,expression  FILE [LEVEL] E BYTES     writemem page.bin 0x1000 0x1000
    loadmem      loadm   -       file,expression  FILE [LEVEL] E           loadmem page.bin physical 0x1000
    find         f       -       expression       [LEVEL] E BYTES PATTERN  find 0 0x100000 "RSD PTR "
    """

  private static let memoryHelp: StaticString = """
    name         help
    xg           memory at a guest-physical address
    examine      memory at a linear address, in gdb's formats
    xp           memory at a physical address
    disassemble  instructions at a linear address
    print        the value of an expression
    writemem     write memory to a file
    loadmem      write a file into memory
    find         where a text or hexadecimal bytes stand in memory
    """

  private static let translationRows: StaticString = """
    name         least  alias  completer   arguments                  example
    walk         wa     page   expression  E                          walk 0x200000
    gva2gpa      gv     -      expression  E                          gva2gpa rip
    gpa2hpa      gp     -      expression  E [EPTP]                   gpa2hpa 0x1000
    info mem     m      -      -           -                          info mem
    info ept     ep     -      expression  [EPTP]                     info ept vmcs.eptPointer
    ept compose  c      -      expression  EPT01 EPT12                ept compose 0x10301e 0x20501e
    ept diff     d      -      expression  EPTP EPTP                  ept diff 0x10301e 0x20501e
    info tlb     t      -      tlb         [cpuN] [KIND ...] [TAG N]  info tlb 0 combined
    tlb stale    s      -      -           -                          tlb stale
    tlb why      w      -      expression  E                          tlb why 0x200000
    tlb evict    e      -      expression  E                          tlb evict 0x200000
    tlb fill     fi     -      expression  E                          tlb fill 0x200000
    tlb flush    fl     -      -           -                          tlb flush
    """

  private static let translationHelp: StaticString = """
    name         help
    walk         the page walk of a linear address, entry by entry, and what the TLB has
    gva2gpa      the guest-physical address of a linear one
    gpa2hpa      the EPT walk of a guest-physical address, of the EPT in force or another
    info mem     what the paging structures in force map, range by range
    info ept     what an EPT maps, range by range
    ept compose  what the EPT of a nested hypervisor comes to
    ept diff     where two EPTs differ
    info tlb     what a processor remembers: linear, guest, combined, pages, structures; of a vpid, pcid, ep4ta
    tlb stale    mappings whose entries have changed since, and who changed them
    tlb why      all that is remembered of an address: where it came from, who changed that, what would drop it
    tlb evict    drop a mapping, as a processor may at any time
    tlb fill     translate an address, as a processor may by speculation
    tlb flush    drop all mappings
    """

  private static let vmxRows: StaticString = """
    name        least  alias  completer  arguments                      example
    info vmcs   v      -      processor  [cpuN|ADDRESS] [-diff] [TEXT]  info vmcs -diff
    info entry  en     -      -          -                              info entry
    info exits  ex     -      -          -                              info exits
    vmexitbp    vm     -      exit       [REASON] [if E]                vmexitbp eptViolation
    """

  private static let vmxHelp: StaticString = """
    name        help
    info vmcs   fields of a VMCS by the manual's names; -diff: those that changed; TEXT: those called so
    info entry  why the last VM entry of each processor failed: the check, and the values
    info exits  VM exits by processor and reason
    vmexitbp    stop behind VM exits, of a reason (a name or number) or all
    """

  private static let orderRows: StaticString = """
    name           least  alias            completer        arguments           example
    sched show     sh     -                -                -                   sched show
    sched next     n      -                -                [N]                 sched next
    sched preempt  p      -                processor        CPU CYCLES          sched preempt cpu0 5000
    trace          tr     -                trace,to,file    KIND|off [to FILE]  trace exit
    sym load       lo     -                file,expression  FILE [OFFSET]       sym load hypervisor.elf 0x1000
    sym add        a      -                expression       NAME E              sym add handler 0x100309
    sym list       li     -                expression       [TEXT]              sym list vm
    bt             bt     backtrace,where  -                -                   bt
    save           sa     -                -                NAME                save before
    load           lo     -                -                NAME                load before
    info history   h      -                -                -                   info history
    source         so     -                file             FILE                source commands.txt
    time           ti     -                command          COMMAND             time goto 100000
    help           h      ?                command          [COMMAND]           help walk
    quit           q      exit             -                [CODE]              quit 3
    """

  private static let orderHelp: StaticString = """
    name           help
    sched show     clocks of the processors, and which runs next
    sched next     step whichever processor is next
    sched preempt  hold a processor up: its clock goes on, its turn is over
    trace          tell of insn, mem, exit, event, tlb (fills) or inv as they happen
    sym load       take the symbols of an ELF file, moved by an offset
    sym add        give an address a name
    sym list       symbols that begin with a text
    bt             callers, by frame pointers
    save           give this moment a name
    load           go to a moment that was saved
    info history   how far back there are snapshots, what they take, and what the last way there replayed
    source         carry out the lines of a file
    time           carry out a command, and say how much processor time of the host it took
    help           the commands, or one of them
    quit           leave, with a status
    """
}
