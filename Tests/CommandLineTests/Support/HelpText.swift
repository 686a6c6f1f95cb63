/// What `--help` prints, 80 columns wide.
enum HelpText {
  /// `shootdown --help`.
  static let root = """
    OVERVIEW: A deterministic x86-64 machine whose TLB can be seen, for people who
    write hypervisors.

    Exit status: 0 the --until condition was met or the machine switched itself
    off; 2 misuse or bad input; 4 a limit was reached; 6 the guest died; 8 an
    expectation failed; 10 our own fault; odd: what the guest wrote to port F4h,
    ((code << 1) | 1) & FFh.

    USAGE: shootdown <subcommand>

    OPTIONS:
      --version               Show the version.
      -h, --help              Show help information.

    SUBCOMMANDS:
      run                     Run a machine; COM1 is standard output.
      suite                   Run scenarios, side by side; status 8 when an
                              expectation fails.
      litmus                  Run the TLB rules as programs; status 8 when an
                              outcome is not what it must be.
      monitor                 Run a machine step by step: breakpoints, state,
                              memory, translations.
      walk                    Walk the paging structures of a memory image, entry
                              by entry.
      guests                  The guest programs that come with Shootdown.
      models                  The CPU models: what CPUID answers, and the
                              model-specific registers.

      See 'shootdown help <subcommand>' for detailed help.
    """

  /// `run --help`.
  static let run = """
    OVERVIEW: Run a machine; COM1 is standard output.

    USAGE: shootdown run <options>

    OPTIONS:
      --kernel <file>         A Multiboot image, or a flat one, entered in 64-bit
                              mode at 100000h.
      --module <file>         A Multiboot module, with its command line behind a
                              space; repeatable.
      --append <text>         The image's command line.
      --bios <file>           Firmware: a raw ROM that ends at 4 GiB and is aliased
                              below 1 MiB.
      --disk <file>           A raw disk image, from which firmware boots;
                              repeatable, up to 4.
      --cdrom <file>          A CD-ROM image, from which firmware boots.
      --writable              Write what the guest changes to the disk images;
                              without it, changes are lost at the end.
      --vgabios <file>        The VGA's firmware, with --disk and --cdrom (default:
                              the system's SeaBIOS).
      --boot <order>          The order in which firmware tries drives (default
                              disk,cdrom).
    \(machine)
    """

  /// `litmus --help`.
  static let litmus = """
    OVERVIEW: Run the TLB rules as programs; status 8 when an outcome is not what
    it must be.

    Each program shows one rule of docs/TLB-RULES.md: outcomes that the
    architecture allows and forbids, and what came of it under each TLB policy
    (docs/LITMUS.md). To run one alone: shootdown guests run litmus --cpus 2
    --append NAME.

    USAGE: shootdown litmus [<name> ...] [--tlb <policy> ...] [--json] [--markdown] [--threads <n>]

    ARGUMENTS:
      <name>                  Programs, or rules as S1 (default: all).

    OPTIONS:
      --tlb <policy>          Only under this TLB policy; repeatable.
      --json                  JSON on standard output, one object a line
                              (docs/JSON.md).
      --markdown              The tables of docs/LITMUS.md.
      --threads <n>           Threads (default: the host's processors).
      --version               Show the version.
      -h, --help              Show help information.
    """

  /// `walk --help`.
  static let walk = """
    OVERVIEW: Walk the paging structures of a memory image, entry by entry.

    Numbers are hexadecimal: 1f000, 0x1f000 or 1f000h. Nothing is written to the
    image.

    USAGE: shootdown walk <address> --image <file> --cr3 <value> [--cr0 <value>] [--cr4 <value>] [--efer <value>] [--paging <mode>] [--physical-bits <n>] [--json]

    ARGUMENTS:
      <address>               The linear address.

    OPTIONS:
      --image <file>          Physical memory from address 0 on.
      --cr3 <value>           CR3.
      --cr0 <value>           CR0 (default 80010031).
      --cr4 <value>           CR4 (default 20: PAE).
      --efer <value>          IA32_EFER (default d01: LMA, LME, NXE, SCE).
      --paging <mode>         none, 32-bit, pae, 4-level or 5-level, whatever CR0,
                              CR4 and EFER say.
      --physical-bits <n>     MAXPHYADDR, 32-52 (default 52).
      --json                  One JSON object, as docs/JSON.md has it.
      --version               Show the version.
      -h, --help              Show help information.
    """

  /// `guests --help`.
  static let guests = """
    OVERVIEW: The guest programs that come with Shootdown.

    USAGE: shootdown guests <subcommand>

    OPTIONS:
      --version               Show the version.
      -h, --help              Show help information.

    SUBCOMMANDS:
      list                    List them: name, bytes, what each demonstrates.
      run                     Run one, as 'run' does an image.
      show                    Disassemble one, or write its image to a file with
                              --output.

      See 'shootdown help guests <subcommand>' for detailed help.
    """

  /// `guests list --help`.
  static let list = """
    OVERVIEW: List them: name, bytes, what each demonstrates.

    USAGE: shootdown guests list

    OPTIONS:
      --version               Show the version.
      -h, --help              Show help information.
    """

  /// `guests run --help`.
  static let guestsRun = """
    OVERVIEW: Run one, as 'run' does an image.

    USAGE: shootdown guests run [<options>] <name>

    ARGUMENTS:
      <name>                  Its name; or 'tour': a missing shootdown, found and
                              explained.

    OPTIONS:
      --append <text>         Its command line.
      --output <folder>       Of the tour: where its schedule and scenarios are
                              written (default: shootdown-tour).
    \(machine)
    """

  /// `guests show --help`.
  static let show = """
    OVERVIEW: Disassemble one, or write its image to a file with --output.

    USAGE: shootdown guests show <name> [--output <file>]

    ARGUMENTS:
      <name>                  Its name.

    OPTIONS:
      --output <file>         Write the flat image there.
      --version               Show the version.
      -h, --help              Show help information.
    """

  /// `models --help`.
  static let models = """
    OVERVIEW: The CPU models: what CPUID answers, and the model-specific registers.

    USAGE: shootdown models <subcommand>

    OPTIONS:
      --version               Show the version.
      -h, --help              Show help information.

    SUBCOMMANDS:
      list                    List them: name, family, model and stepping, timing
                              table, part.
      show                    Show one: CPUID on the first processor of one,
                              features by name, model-specific registers.

      See 'shootdown help models <subcommand>' for detailed help.
    """

  /// `models list --help`.
  static let modelsList = """
    OVERVIEW: List them: name, family, model and stepping, timing table, part.

    USAGE: shootdown models list

    OPTIONS:
      --version               Show the version.
      -h, --help              Show help information.
    """

  /// `models show --help`.
  static let modelsShow = """
    OVERVIEW: Show one: CPUID on the first processor of one, features by name,
    model-specific registers.

    A feature is 'no' when the part does not have it or --cpuid took it away, 'not
    built' when the part has it and Shootdown does not yet.

    USAGE: shootdown models show <name> [--cpuid <mask> ...]

    ARGUMENTS:
      <name>                  Its name.

    OPTIONS:
      --cpuid <mask>          Takes features away, as 'run --cpuid' does.
      --version               Show the version.
      -h, --help              Show help information.
    """

  /// The options that `run` and `guests run` share.
  private static let machine = """
      --machine <file>        Settings in YAML; flags and SHOOTDOWN_* go before it.
      --bochsrc <file>        Settings in a bochsrc; all others go before it
                              (docs/USING.md).
      --memory <size>         RAM, as 64M or 2G (default 512M; SHOOTDOWN_MEMORY).
      --cpus <n>              Processors, 1-64 (default 1; SHOOTDOWN_CPUS).
      --clock <hz>            Cycles in a second of guest time (default 100000000;
                              SHOOTDOWN_CLOCK).
      --quantum <cycles>      Cycles by which a processor may pass the next one; 1
                              interleaves every instruction (default 2000;
                              SHOOTDOWN_QUANTUM).
      --model <name>          CPU model, of those that 'shootdown models list'
                              names (default max; SHOOTDOWN_MODEL).
      --cpuid <mask>          Takes features away: LEAF.REG=MASK or
                              LEAF:SUBLEAF.REG=MASK, hexadecimal; repeatable, or a
                              list with commas (SHOOTDOWN_CPUID).
      --tlb <policy>          What the TLB keeps: retain, speculate:SEED,
                              sandybridge, haswell, skylake, icelake, flush,
                              random:SEED (default retain; SHOOTDOWN_TLB).
      --timing <name>         Cycle costs: unit, core2, sandybridge, haswell,
                              skylake (default: the model's; SHOOTDOWN_TIMING).
      --random-seed <n>       Seed of RDRAND and RDSEED, a number (default 0;
                              SHOOTDOWN_RANDOM_SEED).
      --msr <file>            Model-specific registers that the model lacks, in the
                              format of Bochs' msrs.def (SHOOTDOWN_MSR).
      --ignore-msrs           Unknown model-specific registers read as zero and
                              take writes, rather than #GP (SHOOTDOWN_IGNORE_MSRS).
      --keys <when=>text>     Types on the keyboard: cycle:N=>TEXT, or
                              serial:REGEX=>TEXT, with <Enter>, <F12>, <Ctrl-C>;
                              repeatable (docs/USING.md; SHOOTDOWN_KEYS).
      --block-limit <n>       Instructions a decoded block holds at most, 1-32; for
                              tests of ourselves: results do not depend on it.
      --no-host-pointers      Every access goes the long way; for tests of
                              ourselves: results do not depend on it.
      --until <condition>     serial:REGEX, cycle:N, symbol:NAME, exit or hlt-all:
                              the run's aim.
      --symbols <file[@address]>
                              An ELF file with symbols, and where it is loaded if
                              not where it was linked for; repeatable.
      --max-cycles <n>        Cycles after which the run is cut off.
      --max-instructions <n>  Retired instructions after which the run is cut off.
      --timeout <s>           Seconds of host time after which the run is cut off;
                              no hash is printed.
      --hash                  Print a hash of the machine's state at the end, with
                              what it depends on.
      --json                  Events in JSON on standard output, one a line, serial
                              text among them: docs/JSON.md.
      --print-config          Print the machine, merged from flags, environment,
                              machine file and defaults, as a machine file; no run.
      --trace <file>          Write each instruction and event to a file, as
                              docs/TRACE.md has it.
      --trace-from <cycle>    Cycle from which on to trace (default 0).
      --trace-count <n>       Instructions to trace (default: all); behind them,
                              exceptions and interrupts.
      --walk <[cpuN:]address> Walk a hexadecimal linear address at the end, on one
                              processor or all; repeatable.
      --screen                Print the text screen at the end, on standard error.
      --screenshot <file>     Write the screen, text or graphics, to a PNG file at
                              the end.
      --no-reboot             A reset ends the run, with status 0
                              (SHOOTDOWN_NO_REBOOT).
      --serial <where>        COM1: stdio (default), none or a file
                              (SHOOTDOWN_SERIAL).
      --post-port <port>      Print bytes written to this port on standard error,
                              as POST codes.
      --debug-port <port:file>
                              Keep bytes written to a port in a file.
      -q, --quiet             No report on standard error unless something is wrong.
      -v, --verbose           More on standard error: --log-level info.
      --log-level <level>     trace, debug, info, notice (default), warning, error
                              or critical.
      --oracle <mode>         Uses of stale translations that software answers for:
                              report (default), stop the run with status 8, or off.
                              (values: report, stop, off; default: report)
      --oracle-marker <marker>
                              What says that a processor's shootdowns are done: a
                              port it writes to, symbol:NAME, or hypercall (the
                              return of one); repeatable.
      --oracle-cost           At the end, say how many invalidations and messages
                              there were, and how many removed nothing.
      --oracle-suppress <file>
                              Violations not to be told of, each with its reason
                              (docs/ORACLE.md).
      --observer <mode>       The nested-EPT observer (docs/OBSERVER.md): on
                              (default) or off. (values: on, off; default: on)
      --observer-own <address>
                              A page of the nested guest's that its host's host
                              backs itself, as the APIC-access page; in
                              hexadecimal; repeatable.
      --fail-on <what>        violation: a violation makes the exit status 8.
                              (values: violation)
      --version               Show the version.
      -h, --help              Show help information.
    """
}
