extension Session {
  /// What carries out each command of the table.
  static var actions: [String: Command.Action] {
    running.merging(stops) { a, _ in a }.merging(state) { a, _ in a }
      .merging(memory) { a, _ in a }.merging(translation) { a, _ in a }.merging(order) { a, _ in a }.merging(vmx) {
        a, _ in a
      }
  }

  private static var running: [String: Command.Action] {
    [
      "continue": { try $0.continueRun($1) }, "step": { try $0.step($1) }, "next": { try $0.next($1) },
      "finish": { try $0.finish($1) }, "until": { try $0.until($1) },
      "reverse-step": { try $0.reverseStep($1) }, "reverse-continue": { try $0.reverseContinue($1) },
      "goto": { try $0.goTo($1) }, "undo": { try $0.undo($1) },
    ]
  }

  private static var stops: [String: Command.Action] {
    [
      "break": { try $0.setBreakpoint($1) }, "gbreak": { try $0.setBreakpoint($1, .guestPhysical) },
      "pbreak": { try $0.setBreakpoint($1, .physical) },
      "vbreak": { try $0.setLogicalBreakpoint($1) }, "watch": { try $0.watch($1) }, "catch": { try $0.catchEvents($1) },
      "delete": { try $0.change($1) { _ in false } },
      "enable": {
        try $0.change($1) { stop in
          stop.isEnabled = true
          return true
        }
      },
      "disable": {
        try $0.change($1) { stop in
          stop.isEnabled = false
          return true
        }
      },
      "info breakpoints": { try $0.showStops($1) },
    ]
  }

  private static var state: [String: Command.Action] {
    [
      "registers": { try $0.showRegisters($1) }, "sreg": { try $0.showSegments($1) },
      "creg": { try $0.showControls($1) }, "dreg": { try $0.showDebugRegisters($1) },
      "msr": { try $0.showModelSpecific($1) }, "set": { try $0.setRegister($1) },
      "info idt": { try $0.showIDT($1) }, "info gdt": { try $0.showDescriptors($1, isLocal: false) },
      "info ldt": { try $0.showDescriptors($1, isLocal: true) }, "info tss": { try $0.showTSS($1) },
      "info lapic": { try $0.showLocalAPIC($1) }, "info ioapic": { try $0.showIOAPIC($1) },
      "info pic": { try $0.showPIC($1) }, "info pci": { try $0.showPCI($1) }, "info events": { try $0.showEvents($1) },
      "info screen": { try $0.showScreen($1) },
      "cpu": { try $0.select($1) }, "info cpus": { try $0.showProcessors($1) },
    ]
  }

  private static var memory: [String: Command.Action] {
    [
      "writemem": { try $0.writeMemory($1) }, "loadmem": { try $0.loadMemory($1) }, "find": { try $0.find($1) },
      "xg": { try $0.examine($1, .guestPhysical) }, "examine": { try $0.examine($1, .linear) },
      "xp": { try $0.examine($1, .physical) },
      "disassemble": { try $0.disassemble($1) }, "print": { try $0.printValue($1) },
    ]
  }

  private static var translation: [String: Command.Action] {
    [
      "walk": { try $0.walk($1) }, "gva2gpa": { try $0.guestPhysical($1) }, "gpa2hpa": { try $0.hostPhysical($1) },
      "info mem": { try $0.showMappings($1) }, "info ept": { try $0.showEPT($1) },
      "ept compose": { try $0.composeEPT($1) }, "ept diff": { try $0.differEPT($1) },
      "info tlb": { try $0.showTranslations($1) }, "tlb stale": { try $0.showStale($1) },
      "tlb why": { try $0.explain($1) }, "tlb evict": { try $0.evict($1) }, "tlb fill": { try $0.fill($1) },
      "tlb flush": { try $0.flush($1) },
    ]
  }

  private static var vmx: [String: Command.Action] {
    [
      "info vmcs": { try $0.showVMCS($1) }, "info entry": { try $0.showEntry($1) },
      "info exits": { try $0.showExits($1) }, "vmexitbp": { try $0.catchExits($1) },
    ]
  }

  private static var order: [String: Command.Action] {
    [
      "sched show": { try $0.showSchedule($1) }, "sched next": { try $0.stepSchedule($1) },
      "sched preempt": { try $0.preempt($1) }, "trace": { try $0.trace($1) }, "sym load": { try $0.loadSymbols($1) },
      "sym add": { try $0.addSymbol($1) }, "sym list": { try $0.listSymbols($1) }, "bt": { try $0.backtrace($1) },
      "save": { try $0.save($1) }, "load": { try $0.load($1) }, "info history": { try $0.showHistory($1) },
      "source": { try $0.source($1) }, "time": { try $0.time($1) }, "help": { try $0.help($1) },
      "quit": { try $0.quit($1) },
    ]
  }
}
