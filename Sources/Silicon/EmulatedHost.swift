import CPU
import Layout
import MMU
import Machine
import SiliconNative

/// How a case ended.
enum Ending: Equatable {
  /// At a landing, with this RIP.
  case landed(UInt64)
  /// With an exception; RIP is the one that it reports.
  case faulted(vector: UInt8, error: UInt32, cr2: UInt64, rip: UInt64)
  /// With an exception that the machine had no stack for: nothing is known of it.
  case undelivered
  /// With something that is not built.
  case refused(Refusal)
  /// Somewhere else.
  case astray(String)
}

/// A machine that runs cases: the same code and data at the same linear addresses as in the host's child.
///
/// What only the system has lies in the upper half of the linear addresses. Exceptions go to handlers that halt; where
/// gates with interrupt stacks are built, they have a stack of their own, else they are delivered on the case's.
final class EmulatedHost {
  private let board: Board
  private let processor: Processor
  private let memory: PhysicalMemory
  /// Registers as the processor keeps them.
  private let gpr: UnsafeMutablePointer<UInt64>
  private let hasOwnStack: Bool
  /// Vector registers as a case that uses them has left them.
  let vectors: UnsafeMutablePointer<SiliconVectorRegisters>

  /// Physical addresses of what the harness adds to a flat image's machine.
  private enum Physical {
    static let idt: UInt64 = 0x1_0000
    static let handlers: UInt64 = 0x1_2000
    static let tss: UInt64 = 0x1_4000
    static let stack: UInt64 = 0x1_6000
    static let tables: UInt64 = 0x20_0000
    static let code: UInt64 = 0x40_0000
    static let pads: UInt64 = 0x42_0000
    static let data: UInt64 = 0x43_0000
  }

  /// Linear address of physical address 0 for the system.
  private static let system: UInt64 = 0xFFFF_8000_0000_0000
  private static let halt: UInt8 = 0xF4

  /// A machine, with stacks for exceptions where they are built.
  ///
  /// - Throws: when the machine cannot be made.
  static func make() throws -> EmulatedHost {
    let host = try EmulatedHost(hasOwnStack: true)
    // A processor that has refused something stays with it: the one that was asked is not used.
    return try EmulatedHost(hasOwnStack: host.usesInterruptStack())
  }

  /// Another one of the same kind: a processor that has refused something is of no more use.
  func another() throws -> EmulatedHost { try EmulatedHost(hasOwnStack: hasOwnStack) }

  private init(hasOwnStack: Bool) throws {
    self.hasOwnStack = hasOwnStack
    vectors = .allocate(capacity: 1)
    vectors.initialize(to: SiliconVectorRegisters())
    var options = BoardOptions()
    options.memory = 8 << 20
    let board = try Board(options) { _ in false }
    try FlatImage.load([EmulatedHost.halt], into: board)
    memory = board.memory
    processor = board.processor
    gpr = UnsafeMutableRawPointer(board.processor.state).assumingMemoryBound(to: UInt64.self)
    self.board = board
    mapRegions()
    enableVectors()
    makeHandlers(interruptStack: hasOwnStack ? 1 : 0)
  }

  deinit { vectors.deallocate() }

  /// Host address of the data.
  var data: UnsafeMutablePointer<UInt8> {
    (memory.base + Int(Physical.data)).assumingMemoryBound(to: UInt8.self)
  }

  // MARK: The machine

  private func mapRegions() {
    let root = processor.state.pointee.cr3 & ~0xFFF
    processor.state.pointee.gdtr.base += EmulatedHost.system
    var free = Physical.tables
    let identity = memory.read(PhysicalAddress(root), as: UInt64.self)
    memory.write(PhysicalAddress(root), UInt64(0))
    memory.write(PhysicalAddress(root + (EmulatedHost.system >> 39 & 511) * 8), identity)
    let executable: UInt64 = 0x65
    let readOnly: UInt64 = 0x65 | 1 << 63
    let writable: UInt64 = 0x67 | 1 << 63
    for page in stride(from: 0, to: Places.codeBytes, by: 0x1000) {
      map(Places.code + page, Physical.code + page, executable, root, &free)
    }
    map(Places.pads, Physical.pads, executable, root, &free)
    for page in stride(from: 0, to: Places.dataBytes, by: 0x1000) {
      let linear = Places.data + page
      map(linear, Physical.data + page, linear == Places.readOnly ? readOnly : writable, root, &free)
    }
    fill(Physical.code, 0xCC, bytes: Int(Places.codeBytes))
    fill(Physical.pads, 0xCC, bytes: 0x1000)
    memory.write(PhysicalAddress(Physical.pads + Places.farLanding - Places.pads), EmulatedHost.halt)
  }

  private func fill(_ address: UInt64, _ byte: UInt8, bytes: Int) {
    [UInt8](repeating: byte, count: bytes).withUnsafeBytes { memory.write(PhysicalAddress(address), $0) }
  }

  /// Maps a page, accessed and dirty, with tables for a user.
  private func map(_ linear: UInt64, _ physical: UInt64, _ rights: UInt64, _ root: UInt64, _ free: inout UInt64) {
    var table = root
    for shift: UInt64 in [39, 30, 21] {
      let entry = PhysicalAddress(table + (linear >> shift & 511) * 8)
      if memory.read(entry, as: UInt64.self) == 0 {
        memory.write(entry, free | 0x27)
        free += 0x1000
      }
      table = memory.read(entry, as: UInt64.self) & ~0xFFF
    }
    memory.write(PhysicalAddress(table + (linear >> 12 & 511) * 8), physical | rights)
  }

  private func makeHandlers(interruptStack: UInt64) {
    let state = processor.state
    fill(Physical.handlers, EmulatedHost.halt, bytes: 256)
    for vector: UInt64 in 0..<256 {
      let target = EmulatedHost.system + Physical.handlers + vector
      let low = target & 0xFFFF | 8 << 16 | interruptStack << 32 | 0x8E << 40 | (target >> 16 & 0xFFFF) << 48
      memory.write(PhysicalAddress(Physical.idt + vector * 16), low)
      memory.write(PhysicalAddress(Physical.idt + vector * 16 + 8), target >> 32)
    }
    let top = EmulatedHost.system + Physical.stack
    memory.write(PhysicalAddress(Physical.tss + 4), top)
    memory.write(PhysicalAddress(Physical.tss + 36), top)
    state.pointee.idtr = DescriptorTableRegister(base: EmulatedHost.system + Physical.idt, limit: 0xFFF)
    state.pointee.tr = SegmentRegister(
      base: EmulatedHost.system + Physical.tss, limit: 0x67, attributes: 0x8B, selector: 0x18, reserved: (0, 0, 0))
  }

  /// Sets CR4.OSFXSR and OSXMMEXCPT, as a system that has MMX and SSE does.
  private func enableVectors() {
    // MOV CR4, RAX; HLT
    fill(Physical.code, EmulatedHost.halt, bytes: 4)
    [UInt8]([0x0F, 0x22, 0xE0]).withUnsafeBytes { memory.write(PhysicalAddress(Physical.code), $0) }
    gpr[0] = processor.state.pointee.cr4 | 0x600
    processor.state.pointee.rip = Places.code
    _ = processor.run(until: processor.state.pointee.cycles + 1000)
    fill(Physical.code, 0xCC, bytes: 4)
  }

  /// Whether an exception gets the interrupt stack.
  private func usesInterruptStack() -> Bool {
    memory.write(PhysicalAddress(Physical.code), UInt16(0x0B0F))
    processor.state.pointee.rip = Places.code
    gpr[4] = Places.data + 0x800
    guard processor.run(until: processor.state.pointee.cycles + 1000) == .halted else { return false }
    return gpr[4] >> 48 == EmulatedHost.system >> 48
  }

  // MARK: Running a case

  /// Cycles that a case may take.
  private static let patience: UInt64 = 4_000_000

  /// Puts a batch's image into the data.
  func load(image: UnsafeMutablePointer<UInt8>) {
    memory.write(
      PhysicalAddress(Physical.data), UnsafeRawBufferPointer(start: image, count: Int(Places.dataBytes)))
  }

  /// Puts lines of the image back into the data.
  func restore(image: UnsafeMutablePointer<UInt8>, offset: Int, bytes: Int) {
    let source = UnsafeRawBufferPointer(start: image + offset, count: bytes)
    memory.write(PhysicalAddress(Physical.data + UInt64(offset)), source)
  }

  /// Runs a case; registers are left in `out`, the data as the case leaves them.
  ///
  /// - Parameter out: 18 words: general registers, RFLAGS, RIP.
  func run(_ it: UnsafeMutablePointer<SiliconCase>, index: Int, out: UnsafeMutablePointer<UInt64>) -> Ending {
    writeCode(it, index)
    for number in 0..<UInt32(it.pointee.patchCount) {
      let patch = silicon_patch(it, number)
      let source = UnsafeRawBufferPointer(start: silicon_patch_bytes(patch), count: Int(patch.pointee.length))
      memory.write(PhysicalAddress(Physical.data + UInt64(patch.pointee.offset)), source)
    }
    let state = processor.state
    gpr.update(from: UnsafeMutableRawPointer(it).assumingMemoryBound(to: UInt64.self), count: 16)
    state.rflags = it.pointee.in.rflags
    state.pointee.rip = it.pointee.in.rip
    loadBases(it)
    if it.pointee.usesVectors != 0 { load(silicon_case_vectors(it)) }
    state.pointee.cr2 = 0
    state.pointee.activity = 0
    state.pointee.interruptShadow = 0
    let stop = processor.run(until: state.pointee.cycles + EmulatedHost.patience)
    out.update(from: gpr, count: 16)
    out[16] = state.rflags
    out[17] = state.pointee.rip
    if it.pointee.usesVectors != 0 { store(vectors) }
    switch stop {
    case .halted, .waitingForSIPI: return halted(out)
    case .shutdown: return .undelivered
    case .refused(let refusal): return .refused(refusal)
    case .deadline, .instructionLimit: return .astray("still running at \(state.pointee.rip)")
    }
  }

  private func loadBases(_ it: UnsafeMutablePointer<SiliconCase>) {
    let isOwn = it.pointee.usesBases != 0
    processor.state.pointee.segments.4.base = isOwn ? it.pointee.fsBase : 0
    processor.state.pointee.segments.5.base = isOwn ? it.pointee.gsBase : 0
  }

  private func load(_ registers: UnsafeMutablePointer<SiliconVectorRegisters>) {
    let state = processor.state
    let top = Int(registers.pointee.fpuStatus >> 11)
    for number in 0..<8 {
      state[fpu: number + top] = FPURegister(
        significand: silicon_mmx(registers)[number], signAndExponent: UInt64(silicon_exponents(registers)[number]))
    }
    for number in 0..<Int(SiliconVectors) {
      let words = silicon_vectors(registers) + 8 * number
      state[xmm: number] = SIMD2(words[0], words[1])
    }
    state.vectors.pointee.fpuControl = 0x37F
    state.vectors.pointee.fpuStatus = registers.pointee.fpuStatus
    state.vectors.pointee.fpuFull = registers.pointee.fpuFull
    state.vectors.pointee.mxcsr = registers.pointee.mxcsr
  }

  private func store(_ registers: UnsafeMutablePointer<SiliconVectorRegisters>) {
    let state = processor.state
    let top = Int(state.vectors.pointee.fpuStatus >> 11)
    for number in 0..<8 {
      let register = state[fpu: number + top]
      silicon_mmx(registers)[number] = register.significand
      silicon_exponents(registers)[number] = UInt16(truncatingIfNeeded: register.signAndExponent)
    }
    for number in 0..<Int(SiliconVectors) {
      let words = silicon_vectors(registers) + 8 * number
      let value = state[xmm: number]
      words[0] = value.x
      words[1] = value.y
    }
    registers.pointee.fpuStatus = state.vectors.pointee.fpuStatus
    registers.pointee.fpuFull = state.vectors.pointee.fpuFull
    registers.pointee.mxcsr = state.vectors.pointee.mxcsr
  }

  private func writeCode(_ it: UnsafeMutablePointer<SiliconCase>, _ index: Int) {
    let code = silicon_code(it)
    let landings = silicon_landings(it)
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Places.slotSize) { room in
      guard let bytes = room.baseAddress else { return }
      bytes.update(from: code, count: Places.slotSize)
      for landing in 0..<Places.landings where landings[landing] != 0xFF {
        // As long as the native one, so that none of its bytes is run on one side only.
        for offset in 0..<Int(SiliconLandingLength) {
          bytes[Int(landings[landing]) + offset] = EmulatedHost.halt
        }
      }
      let address = PhysicalAddress(Physical.code + UInt64(index * Places.slotSize))
      memory.write(address, UnsafeRawBufferPointer(start: bytes, count: Places.slotSize))
    }
  }

  /// Where HLT was met: at a landing, or in the handler of an exception, whose frame then gives what it reports.
  private func halted(_ out: UnsafeMutablePointer<UInt64>) -> Ending {
    let place = processor.state.pointee.rip - 1
    let handlers = EmulatedHost.system + Physical.handlers
    guard place >= handlers && place < handlers + 256 else {
      out[17] = place
      return .landed(place)
    }
    let vector = UInt8(place - handlers)
    let hasError = [8, 10, 11, 12, 13, 14, 17, 21].contains(vector)
    var frame = gpr[4]
    let error = hasError ? UInt32(truncatingIfNeeded: word(frame)) : 0
    if hasError { frame += 8 }
    out[17] = word(frame)
    out[16] = word(frame + 16)
    out[4] = word(frame + 24)
    return .faulted(vector: vector, error: error, cr2: processor.state.pointee.cr2, rip: out[17])
  }

  private func word(_ linear: UInt64) -> UInt64 {
    if Places.isData(linear, bytes: 8) {
      return memory.read(PhysicalAddress(linear - Places.data + Physical.data), as: UInt64.self)
    }
    if linear >= EmulatedHost.system {
      return memory.read(PhysicalAddress(linear - EmulatedHost.system), as: UInt64.self)
    }
    return processor.peek(linear, count: 8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Data that the delivery of the last exception has written, when it had no stack of its own: offset and bytes.
  ///
  /// - Parameter rsp: at the exception.
  func frame(vector: UInt8, rsp: UInt64) -> (offset: Int, bytes: Int)? {
    guard !hasOwnStack else { return nil }
    let bytes: UInt64 = [8, 10, 11, 12, 13, 14, 17, 21].contains(vector) ? 48 : 40
    let last = rsp & ~15
    let first = last &- bytes
    let end = Places.data + Places.dataBytes
    guard last > Places.data, first < end else { return nil }
    let start = max(first, Places.data)
    return (Int(start - Places.data), Int(min(last, end) - start))
  }
}
