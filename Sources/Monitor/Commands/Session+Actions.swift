extension Session {
  /// What carries out each command of the table.
  static var actions: [String: Command.Action] {
    running.merging(stops) { a, _ in a }.merging(state) { a, _ in a }
      .merging(memory) { a, _ in a }.merging(translation) { a, _ in a }.merging(order) { a, _ in a }
  }

  private static var running: [String: Command.Action] {
    [
      "continue": { try $0.continueRun($1) }, "step": { try $0.step($1) }, "next": { try $0.next($1) },
    ]
  }

  private static var stops: [String: Command.Action] {
    [
      "break": { try $0.setBreakpoint($1) }, "delete": { try $0.deleteBreakpoints($1) },
      "info breakpoints": { try $0.showBreakpoints($1) },
    ]
  }

  private static var state: [String: Command.Action] {
    [
      "registers": { try $0.showRegisters($1) }, "sreg": { try $0.showSegments($1) },
      "creg": { try $0.showControls($1) }, "dreg": { try $0.showDebugRegisters($1) },
      "msr": { try $0.showModelSpecific($1) }, "set": { try $0.setRegister($1) },
      "cpu": { try $0.select($1) }, "info cpus": { try $0.showProcessors($1) },
    ]
  }

  private static var memory: [String: Command.Action] {
    [
      "examine": { try $0.examine($1, .linear) }, "xp": { try $0.examine($1, .physical) },
      "disassemble": { try $0.disassemble($1) }, "print": { try $0.printValue($1) },
    ]
  }

  private static var translation: [String: Command.Action] {
    [
      "walk": { try $0.walk($1) }, "info tlb": { try $0.showTranslations($1) },
    ]
  }

  private static var order: [String: Command.Action] {
    [
      "source": { try $0.source($1) }, "help": { try $0.help($1) }, "quit": { try $0.quit($1) },
    ]
  }
}
