import CPU
import Layout
import MMU
import Testing

/// A processor in 64-bit mode that runs a program at CPL 0 or 3 and tells which exceptions were delivered. Behind every
/// vector lies a handler that halts and, when it is run on, returns.
///
/// The first 4 MiB are RAM, mapped to themselves and open to users but for the page at `supervisor`; nothing lies at
/// `unmapped`. The program ends at a UD2.
final class SystemRig {
  /// An exception as its handler sees it.
  struct Event: Equatable, CustomStringConvertible {
    var vector: UInt8
    /// RIP in the frame, from the program's first byte.
    var offset: Int64
    var error: UInt64?
    /// RFLAGS in the frame.
    var flags: UInt64
    /// DR6 at the handler's first instruction.
    var dr6: UInt64
    var rcx: UInt64

    var description: String {
      func hex(_ value: UInt64) -> String { String(value, radix: 16) }
      let error = error.map { "(\(hex($0)))" } ?? ""
      return "\(vector)\(error) at \(offset) flags \(hex(flags)) DR6 \(hex(dr6)) rcx \(hex(rcx))"
    }
  }

  /// What most rigs share; a decoder does not change.
  private struct Common: @unchecked Sendable {
    let timing: TimingTable
    let model: CPUModel
    let decoder: Decoder
  }

  private static let common = Result {
    let timing = try #require(try TimingTable.named("unit"))
    let model = try #require(try CPUModel.named("max"))
    return Common(timing: timing, model: model, decoder: try Decoder(timing: timing, model: model))
  }

  /// A decoder for every instruction, with its timing and model.
  static func shared() throws -> (timing: TimingTable, model: CPUModel, decoder: Decoder) {
    let common = try common.get()
    return (common.timing, common.model, common.decoder)
  }

  /// Takes writes and answers FFh.
  private final class Ports: PortSpace {
    func read(port: UInt16, size: Int, at cycle: UInt64) -> UInt32 { .max }
    func write(port: UInt16, size: Int, value: UInt32, at cycle: UInt64) {}
  }

  static let code: UInt64 = 0x10_0000
  static let data: UInt64 = 0x20_0000
  static let supervisor: UInt64 = 0x18_0000
  static let unmapped: UInt64 = 0x4000_0000
  static let kernelStack: UInt64 = 0x8_0000
  static let userStack: UInt64 = 0x9_0000
  static let idt: UInt64 = 0x7000
  static let tss: UInt64 = 0x600
  static let gdt: UInt64 = 0x800
  private static let handlers: UInt64 = 0x1_0000
  private static let hasError: Set<UInt8> = [8, 10, 11, 12, 13, 14, 17]

  let memory: PhysicalMemory
  let processor: Processor
  private let ports = Ports()
  var state: State { processor.state }
  /// Vectors whose handlers return; any other ends the program.
  var resumed: Set<UInt8> = [1]
  /// Handlers that return set RF first.
  var setsResume = true

  init(blockLimit: Int = 32, usesHostPointers: Bool = true, model: String = "max", without masks: [CPUIDMask] = [])
    throws
  {
    memory = try PhysicalMemory(size: 4 << 20)
    let common = try SystemRig.common.get()
    let timing = common.timing
    let isCommon = model == "max" && masks.isEmpty
    let model = isCommon ? common.model : try #require(try CPUModel.named(model, without: masks))
    processor = Processor(
      memory: memory, ports: ports, blocks: BlockCache(memory: memory, limit: blockLimit),
      decoder: isCommon ? common.decoder : try Decoder(timing: timing, model: model), timing: timing,
      options: ProcessorOptions(model: model, usesHostPointers: usesHostPointers))
    // 28h: a data segment that is not present; 30h: the TSS; 40h: code that is not present.
    put(
      SystemRig.gdt,
      [
        0, 0x00AF_9B00_0000_FFFF, 0x00CF_9300_0000_FFFF, 0x00AF_FB00_0000_FFFF, 0x00CF_F300_0000_FFFF,
        0x00CF_1300_0000_FFFF, 0, 0, 0x00AF_1B00_0000_FFFF,
      ])
    put(SystemRig.tss + 4, [SystemRig.kernelStack])
    put(0x1000, [0x2007])
    put(0x2000, [0x3007])
    put(0x3000, [0x4007, 0x20_0087])
    put(0x4000, (0..<512).map { $0 << 12 | 7 })
    put(0x4000 + SystemRig.supervisor >> 9, [SystemRig.supervisor | 3])
    for vector in 0..<UInt8(64) {
      let handler = SystemRig.handlers + UInt64(vector) * 16
      let release: [UInt8] = SystemRig.hasError.contains(vector) ? [0x48, 0x83, 0xC4, 0x08] : []
      write([0xF4] + release + [0x48, 0xCF], at: handler)
      put(gate(vector), [SystemRig.entry(handler), 0])
    }
    processor.enterLongMode(
      rip: SystemRig.code, rsp: SystemRig.kernelStack, root: 0x1000, gdt: SystemRig.gdt, gdtLimit: 0x47)
    state.pointee.cr0 |= 1 << 16
    state.pointee.cr4 |= 1 << 9
    state.pointee.idtr = DescriptorTableRegister(base: SystemRig.idt, limit: 64 * 16 - 1)
    state.pointee.tr = SegmentRegister(
      base: SystemRig.tss, limit: 0x67, attributes: 0x8B, selector: 0x30, reserved: (0, 0, 0))
  }

  /// Address of a vector's gate.
  func gate(_ vector: UInt8) -> UInt64 { SystemRig.idt + UInt64(vector) * 16 }

  /// The low half of an interrupt gate of DPL 3.
  static func entry(_ target: UInt64, stack: UInt64 = 0, type: UInt64 = 0xEE, selector: UInt64 = 8) -> UInt64 {
    target & 0xFFFF | selector << 16 | stack << 32 | type << 40 | (target >> 16) << 48
  }

  /// The gate that the rig has made for a vector, altered.
  func setGate(_ vector: UInt8, stack: UInt64 = 0, type: UInt64 = 0xEE, selector: UInt64 = 8) {
    let handler = SystemRig.handlers + UInt64(vector) * 16
    put(gate(vector), [SystemRig.entry(handler, stack: stack, type: type, selector: selector)])
  }

  func put(_ address: UInt64, _ values: [UInt64]) {
    for (index, value) in values.enumerated() { memory.write(PhysicalAddress(address + UInt64(index) * 8), value) }
  }

  func get(_ address: UInt64) -> UInt64 { memory.read(PhysicalAddress(address), as: UInt64.self) }

  func write(_ bytes: [UInt8], at address: UInt64) {
    bytes.withUnsafeBytes { memory.write(PhysicalAddress(address), $0) }
  }

  /// Puts a program and a UD2 behind it, and goes to its first byte.
  func start(_ program: [UInt8], isUser: Bool = false, flags: UInt64 = 2) {
    write(program + [0x0F, 0x0B], at: SystemRig.code)
    // IRETQ takes the rest; the rig must be at CPL 0.
    state.pointee.activity = 0
    let frame = SystemRig.kernelStack - 0x100
    put(
      frame,
      [
        SystemRig.code, isUser ? 0x1B : 8, flags, isUser ? SystemRig.userStack : SystemRig.kernelStack,
        isUser ? 0x23 : 0x10,
      ])
    write([0x48, 0xCF], at: 0xF000)
    state[.rsp] = frame
    state.pointee.rip = 0xF000
    _ = processor.run(until: .max, instructionLimit: state.pointee.instructions + 1)
  }

  /// Runs a program to its UD2, to an exception whose handler does not return or to the end of the run.
  func run(limit: Int = 40) -> (events: [Event], stop: Stop?) {
    var events: [Event] = []
    while events.count < limit {
      let stop = processor.run(until: .max, instructionLimit: state.pointee.instructions + 100_000)
      let place = state.pointee.rip &- SystemRig.handlers
      guard stop == .halted, place < 64 * 16 else { return (events, stop) }
      let vector = UInt8(place / 16)
      let frame = state[.rsp] + (SystemRig.hasError.contains(vector) ? 8 : 0)
      if vector == 6 { return (events, nil) }
      events.append(
        Event(
          vector: vector, offset: Int64(bitPattern: get(frame) &- SystemRig.code),
          error: SystemRig.hasError.contains(vector) ? get(state[.rsp]) : nil, flags: get(frame + 16),
          dr6: state.pointee.dr.6, rcx: state[.rcx]))
      guard resumed.contains(vector) else { return (events, nil) }
      if setsResume { put(frame + 16, [get(frame + 16) | 1 << 16]) }
      state.pointee.dr.6 = 0xFFFF_0FF0
      state.pointee.activity = 0
    }
    return (events, nil)
  }

  /// The same program under every setting of the caches: events and clocks must agree; the last rig is returned too.
  static func agreeing(
    isUser: Bool = false, flags: UInt64 = 2, _ program: [UInt8], _ prepare: (SystemRig) -> Void
  ) throws -> (events: [Event], rig: SystemRig) {
    var reference: ([Event], UInt64, UInt64, String)?
    var last: (events: [Event], rig: SystemRig)?
    for (limit, pointers) in [(32, true), (1, true), (2, false), (3, true), (32, false)] {
      let rig = try SystemRig(blockLimit: limit, usesHostPointers: pointers)
      prepare(rig)
      rig.start(program, isUser: isUser, flags: flags)
      prepare(rig)
      let (events, stop) = rig.run()
      #expect(stop == nil, "blocks of \(limit)")
      #expect(rig.processor.translation.checkInvariants() == nil)
      var hasher = StateHasher()
      rig.processor.hash(into: &hasher)
      let result = (events, rig.state.pointee.cycles, rig.state.pointee.instructions, hasher.description)
      if let reference {
        #expect(reference == result, "blocks of \(limit), host pointers \(pointers)")
      } else {
        reference = result
      }
      last = (events, rig)
    }
    return try #require(last)
  }
}
