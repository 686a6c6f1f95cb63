import CUnicorn

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Unicorn cannot do what it was asked for.
public struct UnicornFailure: Error, CustomStringConvertible {
  let action: String
  let code: uc_err

  /// One line.
  public var description: String { "Unicorn cannot \(action): \(String(cString: uc_strerror(code)))" }
}

/// An engine of Unicorn's that runs cases. It delivers no exceptions: it says which one came.
final class UnicornEngine {
  private let engine: OpaquePointer
  private let is64: Bool
  let memory: UnsafeMutableRawPointer
  private let watch: UnsafeMutablePointer<UnicornWatch>
  private let pristine: OpaquePointer
  private let entered: OpaquePointer
  private var identifiers: [Int32] = []
  private let values: UnsafeMutablePointer<UInt64>
  private var places: [UnsafeMutableRawPointer?] = []
  private let tables: UnsafeMutablePointer<uc_x86_mmr>
  /// Where a run would end by itself: mapped in every mode, because Unicorn looks it up, and never reached.
  private static let never: UInt64 = 0x5FF0

  init(is64: Bool) throws(UnicornFailure) {
    self.is64 = is64
    func check(_ code: uc_err, _ action: String) throws(UnicornFailure) {
      guard code == UC_ERR_OK else { throw UnicornFailure(action: action, code: code) }
    }
    var made: OpaquePointer?
    try check(uc_open(UC_ARCH_X86, is64 ? UC_MODE_64 : UC_MODE_32, &made), "open an engine")
    guard let made else { throw UnicornFailure(action: "open an engine", code: UC_ERR_NOMEM) }
    engine = made
    memory = .allocate(byteCount: ModeLayout.memory, alignment: 4096)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: ModeLayout.memory)
    watch = .allocate(capacity: 1)
    watch.initialize(to: UnicornWatch())
    values = .allocate(capacity: Word.count)
    values.initialize(repeating: 0, count: Word.count)
    tables = .allocate(capacity: 4)
    tables.initialize(repeating: uc_x86_mmr(), count: 4)
    try check(
      uc_mem_map_ptr(engine, 0, ModeLayout.memory, UC_PROT_ALL.rawValue, memory), "map memory")
    try check(unicorn_watch(engine, watch), "add hooks")
    var contexts: [OpaquePointer?] = [nil, nil]
    for index in 0..<2 { try check(uc_context_alloc(engine, &contexts[index]), "make a context") }
    guard let first = contexts[0], let second = contexts[1] else {
      throw UnicornFailure(action: "make a context", code: UC_ERR_NOMEM)
    }
    pristine = first
    entered = second
    try check(uc_context_save(engine, pristine), "save a context")
    listRegisters()
  }

  deinit {
    uc_context_free(pristine)
    uc_context_free(entered)
    uc_close(engine)
    memory.deallocate()
    watch.deallocate()
    values.deallocate()
    tables.deallocate()
  }

  private static let general32 = [
    UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX, UC_X86_REG_EBX, UC_X86_REG_ESP, UC_X86_REG_EBP, UC_X86_REG_ESI,
    UC_X86_REG_EDI,
  ]
  private static let general64 = [
    UC_X86_REG_RAX, UC_X86_REG_RCX, UC_X86_REG_RDX, UC_X86_REG_RBX, UC_X86_REG_RSP, UC_X86_REG_RBP, UC_X86_REG_RSI,
    UC_X86_REG_RDI, UC_X86_REG_R8, UC_X86_REG_R9, UC_X86_REG_R10, UC_X86_REG_R11, UC_X86_REG_R12, UC_X86_REG_R13,
    UC_X86_REG_R14, UC_X86_REG_R15,
  ]

  private func listRegisters() {
    func add(_ identifier: uc_x86_reg, _ place: UnsafeMutableRawPointer) {
      identifiers.append(Int32(bitPattern: identifier.rawValue))
      places.append(place)
    }
    for (number, identifier) in (is64 ? UnicornEngine.general64 : UnicornEngine.general32).enumerated() {
      add(identifier, values + number)
    }
    add(UC_X86_REG_EFLAGS, values + Word.rflags)
    add(is64 ? UC_X86_REG_RIP : UC_X86_REG_EIP, values + Word.rip)
    let selectors = [UC_X86_REG_ES, UC_X86_REG_CS, UC_X86_REG_SS, UC_X86_REG_DS, UC_X86_REG_FS, UC_X86_REG_GS]
    for (number, identifier) in selectors.enumerated() { add(identifier, values + Word.selectors + number) }
    let control = [UC_X86_REG_CR0, UC_X86_REG_CR2, UC_X86_REG_CR3, UC_X86_REG_CR4]
    for (number, identifier) in control.enumerated() { add(identifier, values + Word.cr0 + number) }
    let debug = [
      UC_X86_REG_DR0, UC_X86_REG_DR1, UC_X86_REG_DR2, UC_X86_REG_DR3, UC_X86_REG_DR6, UC_X86_REG_DR7,
    ]
    for (number, identifier) in debug.enumerated() { add(identifier, values + Word.dr0 + number) }
    if is64 {
      add(UC_X86_REG_FS_BASE, values + Word.fsBase)
      add(UC_X86_REG_GS_BASE, values + Word.gsBase)
    }
    for (number, identifier) in [UC_X86_REG_GDTR, UC_X86_REG_IDTR, UC_X86_REG_LDTR, UC_X86_REG_TR].enumerated() {
      add(identifier, tables + number)
    }
  }

  private func write(_ identifier: uc_x86_reg, _ value: UInt64) {
    withUnsafePointer(to: value) { _ = uc_reg_write(engine, Int32(bitPattern: identifier.rawValue), $0) }
  }

  /// Runs the way into a scenario's mode.
  func enter(_ scenario: Scenario) throws(UnicornFailure) {
    scenario.image.withUnsafeBytes { memory.copyMemory(from: $0.baseAddress.unsafelyUnwrapped, byteCount: $0.count) }
    uc_context_restore(engine, pristine)
    // Dropping everything would take a quarter of a second.
    _ = unicorn_forget(engine, UInt64(ModeLayout.entry64), UInt64(ModeLayout.compared))
    if is64 {
      write(UC_X86_REG_CR3, UInt64(ModeLayout.pageTables))
      write(UC_X86_REG_CR4, 0x20)
      write(UC_X86_REG_CR0, 0x8000_0011)
      write(UC_X86_REG_RSP, UInt64(ModeLayout.entry64 - 0x100))
    }
    watch.pointee = UnicornWatch(first: 0, end: UInt64(ModeLayout.code), steps: 1000, vector: -1)
    let code = uc_emu_start(engine, UInt64(is64 ? ModeLayout.entry64 : ModeLayout.entry32), UnicornEngine.never, 0, 0)
    guard code == UC_ERR_OK, watch.pointee.vector < 0 else {
      throw UnicornFailure(action: "enter \(scenario.mode)", code: code)
    }
    uc_context_save(engine, entered)
    scenario.withScratch { memory.advanced(by: ModeLayout.scratch.lowerBound).copyMemory(from: $0, byteCount: $1) }
  }

  /// Runs a case of the scenario; `out` gets the registers, of which RIP is a linear address unless an event came: that
  /// is what Unicorn has there when a hook stops it.
  func run(_ it: ModeCase, _ scenario: Scenario, out: UnsafeMutablePointer<UInt64>) -> ModeEnding {
    uc_context_restore(engine, entered)
    for number in 0..<16 { values[number] = it.gpr[number] }
    values[Word.rflags] = it.flags
    let count = is64 ? 17 : 9
    identifiers.withUnsafeMutableBufferPointer { names in
      places.withUnsafeMutableBufferPointer { places in
        _ = uc_reg_write_batch(
          engine, names.baseAddress,
          UnsafeRawPointer(places.baseAddress.unsafelyUnwrapped).assumingMemoryBound(
            to: UnsafeMutableRawPointer?.self), Int32(count))
      }
    }
    let start = scenario.start(it.slot)
    let first = UInt64(ModeLayout.code + it.slot * ModeLayout.slotBytes)
    watch.pointee = UnicornWatch(first: first, end: first + UInt64(it.code.count), steps: 5000, vector: -1)
    let code = uc_emu_start(engine, start, UnicornEngine.never, 0, 0)
    read(out)
    if watch.pointee.vector >= 0 { return .event(UInt8(truncatingIfNeeded: watch.pointee.vector)) }
    switch code {
    case UC_ERR_OK: return watch.pointee.steps == 0 ? .endless : .done
    case UC_ERR_INSN_INVALID: return .event(6)
    default: return .outside
    }
  }

  private func read(_ out: UnsafeMutablePointer<UInt64>) {
    values.update(repeating: 0, count: Word.count)
    identifiers.withUnsafeMutableBufferPointer { names in
      places.withUnsafeMutableBufferPointer { places in
        _ = uc_reg_read_batch(engine, names.baseAddress, places.baseAddress, Int32(names.count))
      }
    }
    values[Word.gdtBase] = tables[0].base
    values[Word.gdtLimit] = UInt64(tables[0].limit)
    values[Word.idtBase] = tables[1].base
    values[Word.idtLimit] = UInt64(tables[1].limit)
    values[Word.ldtr] = UInt64(tables[2].selector)
    values[Word.tr] = UInt64(tables[3].selector)
    if is64 {
      var register = uc_x86_msr(rid: 0xC000_0102, value: 0)
      uc_reg_read(engine, Int32(bitPattern: UC_X86_REG_MSR.rawValue), &register)
      values[Word.kernelGSBase] = register.value
    }
    out.update(from: values, count: Word.count)
  }
}
