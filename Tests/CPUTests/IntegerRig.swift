import CPU
import EPTTLB
import Layout
import MMU
import Testing

/// A processor with memory and a handler behind each exception vector, for running one instruction at a time.
///
/// The first 4 MiB are RAM and mapped to themselves, by 4 KiB pages up to 2 MiB; the page at `readOnly` cannot be
/// written, nothing is mapped at `unmapped`, and at `beyond` lie addresses behind RAM.
final class IntegerRig {
  /// What an instruction left behind.
  struct Result: Equatable {
    var registers: [UInt64]
    var flags: UInt64
    /// The exception that was raised, with its error code when it has one.
    var vector: UInt8?
    var error: UInt64?
    var refusal: Refusal?
  }

  /// Nobody answers.
  private final class NoPorts: PortSpace {
    func read(port: UInt16, size: Int, at cycle: UInt64) -> UInt32 { .max }
    func write(port: UInt16, size: Int, value: UInt32, at cycle: UInt64) {}
  }

  /// The same numbers in every run.
  struct Random: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var value = state
      value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
      value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
      return value ^ value >> 31
    }

    mutating func below(_ bound: UInt64) -> UInt64 { next() % bound }

    /// A number as instructions meet them: anything, few ones, few zeros, small, the ends of the widths.
    mutating func operand() -> UInt64 {
      switch below(8) {
      case 0: 0
      case 1: ~0
      case 2: below(130)
      case 3: 1 << below(64)
      case 4: next() & next() & next() & next()
      case 5: ~(next() & next() & next() & next())
      case 6: [0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 32, .max >> 1, 1 << 63][Int(below(6))]
      default: next()
      }
    }
  }

  static let code: UInt64 = 0x10_0000
  static let data: UInt64 = 0x18_0000
  static let readOnly: UInt64 = 0x1A_0000
  static let unmapped: UInt64 = 0x1B_0000
  static let beyond: UInt64 = 0x60_0000
  static let notCanonical: UInt64 = 0x8000_0000_0000_0000
  static let stack: UInt64 = 0x8_0000
  private static let handlers: UInt64 = 0x1_0000
  private static let idt: UInt64 = 0x7000

  let memory: PhysicalMemory
  let processor: Processor
  var random: Random

  init(seed: UInt64 = 0, usesHostPointers: Bool = true, randomSeed: UInt64 = 0) throws {
    memory = try PhysicalMemory(size: 4 << 20)
    random = Random(state: seed)
    let timing = try TimingTable.named("unit")
    processor = Processor(
      memory: memory, ports: NoPorts(), blocks: BlockCache(memory: memory), decoder: try Decoder(timing: timing),
      timing: timing, options: ProcessorOptions(usesHostPointers: usesHostPointers, randomSeed: randomSeed))
    put(0x800, [0, 0x00AF_9B00_0000_FFFF, 0x00CF_9300_0000_FFFF])
    put(0x1000, [0x2003])
    put(0x2000, [0x3003])
    put(0x3000, [0x4003, 0x20_0083, 0x40_0083, 0x60_0083])
    put(0x4000, (0..<512).map { $0 << 12 | 3 })
    put(0x4000 + IntegerRig.readOnly >> 9, [IntegerRig.readOnly | 1])
    put(0x4000 + IntegerRig.unmapped >> 9, [0])
    for vector in 0..<UInt64(32) {
      let handler = IntegerRig.handlers + vector * 16
      put(handler, [0xF4])
      put(IntegerRig.idt + vector * 16, [handler & 0xFFFF | 8 << 16 | 0x8E << 40 | (handler >> 16) << 48, 0])
    }
    processor.enterLongMode(rip: IntegerRig.code, rsp: IntegerRig.stack, root: 0x1000, gdt: 0x800, gdtLimit: 23)
    processor.state.pointee.cr0 |= 1 << 16
    processor.state.pointee.idtr = DescriptorTableRegister(base: IntegerRig.idt, limit: 32 * 16 - 1)
  }

  /// Writes quadwords to physical memory.
  func put(_ address: UInt64, _ values: [UInt64]) {
    for (index, value) in values.enumerated() { memory.write(PhysicalAddress(address + UInt64(index) * 8), value) }
  }

  /// Reads a quadword of physical memory.
  func get(_ address: UInt64) -> UInt64 { memory.read(PhysicalAddress(address), as: UInt64.self) }

  /// Sixteen random operands.
  func randomRegisters() -> [UInt64] { (0..<16).map { _ in random.operand() } }

  /// Random arithmetic flags.
  func randomFlags() -> UInt64 { random.next() & 0x8D5 }

  /// Runs an instruction and the HLT behind it.
  func run(
    _ instruction: [UInt8], _ registers: [UInt64], flags: UInt64 = 0, at address: UInt64 = IntegerRig.code
  ) -> Result {
    (instruction + [0xF4]).withUnsafeBytes { memory.write(PhysicalAddress(address), $0) }
    let state = processor.state
    let raw = UnsafeMutableRawPointer(state)
    for (index, value) in registers.enumerated() { raw.storeBytes(of: value, toByteOffset: index * 8, as: UInt64.self) }
    state.pointee.activity = 0
    state.pointee.rip = address
    state.rflags = flags
    let stop = processor.run(until: .max)
    var result = Result(
      registers: (0..<16).map { raw.load(fromByteOffset: $0 * 8, as: UInt64.self) }, flags: state.rflags & 0x8D5)
    if case .refused(let refusal) = stop { result.refusal = refusal }
    let distance = state.pointee.rip &- IntegerRig.handlers
    guard stop == .halted, distance < 32 * 16 else { return result }
    result.vector = UInt8(distance / 16)
    if [8, 10, 11, 12, 13, 14, 17].contains(distance / 16) { result.error = get(result.registers[4]) }
    result.registers[4] = registers[4]
    return result
  }
}

/// Numbers as bits, the lowest first: what the tests' slow definitions are made of.
enum Bits {
  static func of(_ value: UInt64, _ width: Int) -> [Bool] { (0..<width).map { value >> UInt64($0) & 1 == 1 } }

  static func number(_ bits: [Bool]) -> UInt64 {
    var value: UInt64 = 0
    for (index, bit) in bits.enumerated() where bit { value |= 1 << UInt64(index) }
    return value
  }

  /// a + b + carry by hand, and the carry out.
  static func sum(_ a: [Bool], _ b: [Bool], carry: Bool) -> (sum: [Bool], carry: Bool) {
    var carry = carry
    var sum: [Bool] = []
    for (x, y) in zip(a, b) {
      let ones = [x, y, carry].count { $0 }
      sum.append(ones % 2 == 1)
      carry = ones >= 2
    }
    return (sum, carry)
  }
}

/// RFLAGS bits, for the tests' definitions.
enum Flag {
  static let carry: UInt64 = 1
  static let parity: UInt64 = 4
  static let adjust: UInt64 = 0x10
  static let zero: UInt64 = 0x40
  static let sign: UInt64 = 0x80
  static let overflow: UInt64 = 0x800
  static let all: UInt64 = 0x8D5
}

/// What an instruction makes of the flags: some are given, some undefined, the others stay.
struct FlagEffect {
  var given: UInt64 = 0
  var values: UInt64 = 0
  var undefined: UInt64 = 0

  /// No flag changes.
  static let none = FlagEffect()

  /// Checks flags after an instruction.
  func holds(before: UInt64, after: UInt64) -> Bool {
    let stays = Flag.all & ~given & ~undefined
    return after & given == values & given && after & stays == before & stays
  }
}

/// An instruction's bytes.
enum Encoder {
  /// Where ModRM.rm lies.
  enum Place {
    case register(Int)
    /// [register + 40h]; any register.
    case memory(Int)

    var number: Int {
      switch self {
      case .register(let number), .memory(let number): number
      }
    }
  }

  static func modRM(_ reg: Int, _ place: Place) -> [UInt8] {
    let low = UInt8(reg & 7) << 3 | UInt8(place.number & 7)
    guard case .memory = place else { return [0xC0 | low] }
    return (place.number & 7 == 4 ? [0x40 | low, 0x24] : [0x40 | low]) + [0x40]
  }

  /// A legacy encoding: mandatory prefix, 66, REX, opcode, ModRM.
  static func legacy(
    _ prefixes: [UInt8], w: Bool, _ opcode: [UInt8], reg: Int, _ place: Place, needsREX: Bool = false
  ) -> [UInt8] {
    let rex = UInt8((w ? 8 : 0) | (reg > 7 ? 4 : 0) | (place.number > 7 ? 1 : 0))
    return prefixes + (rex != 0 || needsREX ? [0x40 | rex] : []) + opcode + modRM(reg, place)
  }

  /// A VEX encoding. pp: 0 none, 1 66, 2 F3, 3 F2; map: 1 0F, 2 0F38, 3 0F3A.
  static func vex(
    map: UInt8, pp: UInt8, w: Bool, length: UInt8 = 0, _ opcode: UInt8, reg: Int, vvvv: Int, _ place: Place
  ) -> [UInt8] {
    let first = (reg > 7 ? 0 : 0x80) | 0x40 | (place.number > 7 ? 0 : 0x20) | map
    let second = (w ? 0x80 : 0) | UInt8(~vvvv & 15) << 3 | length << 2 | pp
    return [0xC4, first, second, opcode] + modRM(reg, place)
  }
}
