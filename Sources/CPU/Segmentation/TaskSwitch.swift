import Layout
import MMU

/// What a task switch comes from (SDM Vol. 3, "Task Switching").
enum TaskSwitchSource: Equatable {
  case jump, call, interrupt, `return`
}

extension Processor {
  /// Switches to the task of a TSS selector.
  ///
  /// - Parameters:
  ///   - next: RIP that the old task goes on at.
  ///   - external: EXT of the faults on the way.
  ///   - resume: RF of the old task.
  func switchTask(
    to selector: UInt16, _ source: TaskSwitchSource, next: UInt64, external: UInt32 = 0, resume: UInt64 = 0
  ) throws(Fault) {
    let s = state
    let vector: Vector = source == .return ? .invalidTSS : .generalProtection
    func bad(_ vector: Vector) -> Fault { Fault(vector, UInt32(selector & 0xFFFC) | external) }
    guard !Selector(selector).isLocal else { throw bad(vector) }
    var target = try descriptor(selector, vector)
    let is32: Bool
    switch (target.system, source == .return) {
    case (.tss32Available, false), (.tss32Busy, true): is32 = true
    case (.tss16Available, false), (.tss16Busy, true): is32 = false
    default: throw bad(vector)
    }
    guard target.isPresent else { throw bad(.segmentNotPresent) }
    guard target.limit >= (is32 ? 0x67 : 0x2B) else { throw bad(.invalidTSS) }
    if isGuest, let virtualization {
      let kind = source == .call ? 0 : source == .return ? 1 : source == .jump ? 2 : 3
      if virtualization.exits(taskSwitch: selector, kind, length: UInt16(truncatingIfNeeded: next &- s.pointee.rip)) {
        throw Fault(.exit)
      }
    }
    let new = try TaskState(self, at: target.base, is32: is32)
    let old = s.pointee.tr
    let oldIs32 = old.attributes & 8 != 0
    // Everything of the old TSS that is written must be writable before anything changes.
    var flags = s.rflags | resume
    if source == .return { flags &= ~FlagBit.nestedTask }
    if source == .jump || source == .return {
      var descriptor = try descriptor(old.selector, .invalidTSS)
      try setBusy(false, &descriptor)
    }
    try TaskState(current: self, rip: next, flags: flags).save(self, at: old.base, is32: oldIs32)
    if source == .call || source == .interrupt { try systemWrite(target.base, old.selector) }
    if source != .return { try setBusy(true, &target) }
    // From here on faults belong to the new task.
    isTaskCommitted = true
    s.pointee.cr0 |= CR0.taskSwitched
    s.vectorControlsChanged()
    s.pointee.tr = target.register(selector)
    s.pointee.tr.attributes |= 2
    var newFlags = new.flags | FlagBit.fixed
    if source == .call || source == .interrupt { newFlags |= FlagBit.nestedTask }
    for (index, register) in GeneralRegister.allCases.prefix(8).enumerated() { s[register] = new.registers[index] }
    s.rflags = newFlags & 0x3F_7FD7
    s.pointee.rip = new.rip
    s.pointee.dr.7 &= ~DR7.local
    breakpointsChanged()
    if is32, s.pointee.cr0 >> 31 != 0, new.root != s.pointee.cr3 {
      try setCR3(new.root)
    }
    for (index, segment) in Segment.allCases.enumerated() {
      s.segment(segment).pointee = nullSegment(new.selectors[index])
    }
    s.pointee.ldtr = nullSegment(new.localTable)
    try loadSegments(of: new)
    modeChanged()
    guard new.rip <= UInt64(s.segment(.cs).pointee.limit) else { throw Fault(.generalProtection, external) }
    if new.trap { pendingDebug |= DR6.taskSwitch }
  }

  /// Segment registers of a task that has become current; faults are #TS, #NP and #SS in its context.
  private func loadSegments(of task: TaskState) throws(Fault) {
    let s = state
    if s.isVirtual8086 {
      for (index, segment) in Segment.allCases.enumerated() { setParagraph(s.segment(segment), task.selectors[index]) }
      contextChanged()
      return
    }
    if !Selector(task.localTable).isNull {
      guard !Selector(task.localTable).isLocal else { throw Fault(.invalidTSS, selector: task.localTable) }
      let table = try descriptor(task.localTable, .invalidTSS)
      guard table.system == .ldt, table.isPresent else { throw Fault(.invalidTSS, selector: task.localTable) }
      s.pointee.ldtr = table.register(task.localTable)
    }
    let selector = task.selectors[Segment.cs.rawValue]
    guard !Selector(selector).isNull else { throw Fault(.invalidTSS, selector: selector) }
    let code = try descriptor(selector, .invalidTSS)
    let privilege = Selector(selector).privilege
    guard code.isCode, code.isConforming ? code.privilege <= privilege : code.privilege == privilege else {
      throw Fault(.invalidTSS, selector: selector)
    }
    guard code.isPresent else { throw Fault(.segmentNotPresent, selector: selector) }
    let stack = try stackSegment(task.selectors[Segment.ss.rawValue], privilege: privilege, vector: .invalidTSS)
    try setCode(selector, code, privilege: privilege)
    s.segment(.ss).pointee = stack
    contextChanged()
    for segment in [Segment.es, .ds, .fs, .gs] {
      do {
        try load(segment, task.selectors[segment.rawValue])
      } catch {
        throw error.vector == .generalProtection ? Fault(.invalidTSS, error.error) : error
      }
    }
  }
}

/// What a task-state segment holds (SDM Vol. 3, "Task-State Segment (TSS)", "16-Bit Task-State Segment (TSS)").
struct TaskState {
  var rip: UInt64
  var flags: UInt64
  var registers: [UInt64]
  var selectors: [UInt16]
  var localTable: UInt16
  var root: UInt64 = 0
  var trap = false

  /// What the processor would save.
  init(current processor: Processor, rip: UInt64, flags: UInt64) {
    let s = processor.state
    self.rip = rip
    self.flags = flags
    registers = GeneralRegister.allCases.prefix(8).map { s[$0] }
    selectors = Segment.allCases.map { s.segment($0).pointee.selector }
    localTable = s.pointee.ldtr.selector
  }

  /// Reads a TSS.
  init(_ processor: Processor, at base: UInt64, is32: Bool) throws(Fault) {
    registers = []
    selectors = []
    if is32 {
      root = try processor.systemRead(base &+ 28, as: UInt32.self).zeroExtended
      rip = try processor.systemRead(base &+ 32, as: UInt32.self).zeroExtended
      flags = try processor.systemRead(base &+ 36, as: UInt32.self).zeroExtended
      for index in 0..<UInt64(8) {
        registers.append(try processor.systemRead(base &+ 40 &+ index * 4, as: UInt32.self).zeroExtended)
      }
      for index in 0..<UInt64(6) {
        selectors.append(try processor.systemRead(base &+ 72 &+ index * 4, as: UInt16.self))
      }
      localTable = try processor.systemRead(base &+ 96, as: UInt16.self)
      trap = try processor.systemRead(base &+ 100, as: UInt16.self) & 1 != 0
    } else {
      rip = try processor.systemRead(base &+ 14, as: UInt16.self).zeroExtended
      flags = try processor.systemRead(base &+ 16, as: UInt16.self).zeroExtended
      for index in 0..<UInt64(8) {
        // Upper halves: the manual leaves them undefined; ones, as on hardware.
        registers.append(try processor.systemRead(base &+ 18 &+ index * 2, as: UInt16.self).zeroExtended | 0xFFFF_0000)
      }
      for index in 0..<UInt64(4) {
        selectors.append(try processor.systemRead(base &+ 34 &+ index * 2, as: UInt16.self))
      }
      selectors += [0, 0]
      localTable = try processor.systemRead(base &+ 42, as: UInt16.self)
    }
  }

  /// Writes the dynamic fields.
  func save(_ processor: Processor, at base: UInt64, is32: Bool) throws(Fault) {
    if is32 {
      try processor.systemWrite(base &+ 32, UInt32(truncatingIfNeeded: rip))
      try processor.systemWrite(base &+ 36, UInt32(truncatingIfNeeded: flags))
      for (index, value) in registers.enumerated() {
        try processor.systemWrite(base &+ 40 &+ UInt64(index) * 4, UInt32(truncatingIfNeeded: value))
      }
      for (index, selector) in selectors.enumerated() {
        try processor.systemWrite(base &+ 72 &+ UInt64(index) * 4, selector)
      }
    } else {
      try processor.systemWrite(base &+ 14, UInt16(truncatingIfNeeded: rip))
      try processor.systemWrite(base &+ 16, UInt16(truncatingIfNeeded: flags))
      for (index, value) in registers.enumerated() {
        try processor.systemWrite(base &+ 18 &+ UInt64(index) * 2, UInt16(truncatingIfNeeded: value))
      }
      for (index, selector) in selectors.prefix(4).enumerated() {
        try processor.systemWrite(base &+ 34 &+ UInt64(index) * 2, selector)
      }
    }
  }
}
