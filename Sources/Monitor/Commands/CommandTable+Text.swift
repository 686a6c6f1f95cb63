extension CommandTable {
  /// Rows: name; the least of its last word that must be typed; other names; family; arguments; what completes them; an
  /// example; help.
  static let text: StaticString = """
    name           shortest  alias        family       arguments                   completer    example                 help
    continue       c         cont         run          [if E]                      expression   continue if rax == 0    run on until something stops the machine, and E holds
    step           s         si,stepi     run          [cpu|all] [N]               processor    step all 10             execute N instructions (1) of the processor, of another one, or of whichever is next
    next           n         ni,nexti     run          [N]                         -            next                    like step, but a call or a repeated instruction is one step
    break          b         lb           stops        ADDRESS [if E]              expression   break main if rdi > 4   stop before the instruction at a linear address
    delete         d         -            stops        [N ...]                     -            delete 1                delete breakpoints, or all
    info breakpoints  b      -            stops        -                           -            info breakpoints        the breakpoints
    registers      r         regs,reg     state        [NAME ...]                  register     registers               general registers, RIP and RFLAGS; or those named
    sreg           sr        -            state        -                           -            sreg                    segment and descriptor-table registers
    creg           cr        -            state        -                           -            creg                    control registers, flag by flag
    dreg           dr        -            state        -                           -            dreg                    debug registers
    msr            m         -            state        [NUMBER|NAME]               modelSpecific  msr 0xc0000080        model-specific registers
    set            set       -            state        REGISTER = E                register     set rax = rbx + 8       write a register
    cpu            cp        processor    state        NUMBER                      processor    cpu 1                   make a processor the one that commands are about
    info cpus      c         -            state        -                           -            info cpus               all processors: mode, activity, clock, place
    examine        x         -            memory       [/NFU] E                    expression   x/4gx rsp               memory at a linear address, in gdb's formats
    xp             xp        -            memory       [/NFU] E                    expression   xp/8bx 0x1000           memory at a physical address
    disassemble    u         -            memory       [/N] [E]                    expression   u/5 rip                 instructions at a linear address
    print          p         output       memory       [/F] E                      expression   print/x l4[rsp] & 0xff  the value of an expression
    walk           wa        page         translation  E                           expression   walk 0x200000           the page walk of a linear address, entry by entry, and what the TLB has
    info tlb       t         -            translation  [cpu] [linear|guest|combined|structures]  processor  info tlb 0  what a processor remembers of translations
    source         so        -            order        FILE                        file         source commands.txt     carry out the lines of a file
    help           h         ?            order        [COMMAND]                   command      help walk               the commands, or one of them
    quit           q         exit         order        [CODE]                      -            quit 3                  leave, with a status
    """
}
