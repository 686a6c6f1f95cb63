/// What the comparison with Unicorn knows beyond the opcode table, one row a fact.
enum UnicornTables {
  /// Rows that are not drawn.
  static let exclusions: StaticString = """
    mnemonic   encoding   reason

    HLT        -          Unicorn ends the run with it, whatever the privilege
    CPUID      -          the model's
    RDTSC      -          never the same twice
    RDTSCP     -          never the same twice
    RDPID      -          never the same twice
    RDRAND     -          never the same twice
    RDSEED     -          never the same twice
    MOV        0F 22      leaves the scenario's mode
    SYSCALL    -          needs registers that no case loads
    SYSRET     -          needs registers that no case loads
    SYSENTER   -          needs registers that no case loads
    SYSEXIT    -          needs registers that no case loads
    MOVBE      -          not in Unicorn's processor
    POPCNT     -          not in Unicorn's processor
    CLFLUSHOPT  -         not in Unicorn's processor
    CLWB       -          not in Unicorn's processor
    """

  /// Where Unicorn 2.0.1 does otherwise than the manual: a difference that a row explains is counted under its name.
  ///
  /// - `mnemonic`: or `*`.
  /// - `modes`: `real`, `16`, `32`, `compat`, `64`, or `all`.
  /// - `theirs`, `ours`: how the case ends: `on` without exception, `GP` and so on, `outside` the memory, `any`; empty when
  ///   the row is of fields.
  /// - `fields`: the fields that may differ when the ends are the same.
  static let differences: StaticString = """
    name       mnemonic   encoding   modes   theirs   ours   fields   when   section   what

    ports      IN,OUT,INS,OUTS   -   all   on   GP   -   -   I/O Permission Bit Map   Unicorn admits every privilege to every port
    test       TEST   F6 /1   all   UD   on   -   -   TEST—Logical Compare   /1 is the same as /0
    test       TEST   F7 /1   all   UD   on   -   -   TEST—Logical Compare   /1 is the same as /0
    int1       INT1   -   all   UD   DB   -   -   INT n/INTO/INT3/INT1—Call to Interrupt Procedure   Unicorn does not know it

    """
}
