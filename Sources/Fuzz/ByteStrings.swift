import CPU
import Opcodes
import Tables

/// Strings of bytes that are instructions, nearly, or not at all: what decoders are tried with.
///
/// A third is random, but for what leads into the opcode maps, which chance alone would seldom hit; the rest comes from a
/// row of the opcode table, now and then with a bit turned.
struct ByteStrings {
  /// Bytes of a string; an instruction has fifteen at most.
  static let length = 20

  private let opcodes: [Opcode]
  /// Those that execute.
  private let built: [Opcode]
  /// Those of VMX.
  private let vmx: [Opcode]
  private static let prefixes: [UInt8] = [0x66, 0x67, 0xF2, 0xF3, 0xF0, 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65]

  /// - Throws: `TableError` when the opcode table is wrong.
  init() throws(TableError) {
    opcodes = try Opcode.all()
    built = opcodes.filter(\.isBuilt)
    let names: Set = [
      "VMCALL", "VMCLEAR", "VMFUNC", "VMLAUNCH", "VMPTRLD", "VMPTRST", "VMREAD", "VMRESUME", "VMWRITE", "VMXOFF",
      "VMXON",
      "INVEPT", "INVVPID",
    ]
    vmx = opcodes.filter { names.contains($0.mnemonic) }
  }

  /// Writes an instruction of VMX for 64-bit mode, and zeros behind it.
  func drawVMX(into target: UnsafeMutablePointer<UInt8>, _ random: inout FuzzRandom) {
    target.initialize(repeating: 0, count: ByteStrings.length)
    var cursor = Cursor(target: target)
    encode(vmx[random.below(vmx.count)], in64BitMode: true, &cursor, &random)
  }

  /// Writes a string.
  ///
  /// - Parameters:
  ///   - target: `length` bytes.
  ///   - is64: whether REX prefixes mean anything.
  func draw(into target: UnsafeMutablePointer<UInt8>, in64BitMode is64: Bool, _ random: inout FuzzRandom) {
    for word in 0..<2 {
      UnsafeMutableRawPointer(target).storeBytes(of: random.next(), toByteOffset: word * 8, as: UInt64.self)
    }
    UnsafeMutableRawPointer(target).storeBytes(
      of: UInt32(truncatingIfNeeded: random.next()), toByteOffset: 16, as: UInt32.self)
    var cursor = Cursor(target: target)
    switch random.below(6) {
    case 0: return
    case 1: lead(&cursor, is64, &random)
    default: row(&cursor, is64, &random)
    }
    // Displacements and immediates are small, or random.
    if random.once(in: 2) {
      while cursor.count < ByteStrings.length { cursor.put(random.once(in: 3) ? random.byte() : 0) }
    }
    if random.once(in: 8) {
      target[random.below(6)] ^= 1 << UInt8(random.below(8))
    }
  }

  private struct Cursor {
    let target: UnsafeMutablePointer<UInt8>
    var count = 0

    mutating func put(_ byte: UInt8) {
      guard count < ByteStrings.length else { return }
      target[count] = byte
      count += 1
    }
  }

  /// Prefixes and escapes into the opcode maps.
  private func lead(_ cursor: inout Cursor, _ is64: Bool, _ random: inout FuzzRandom) {
    for _ in 0..<(random.once(in: 40) ? 10 + random.below(6) : random.below(4)) {
      cursor.put(random.pick(ByteStrings.prefixes))
    }
    if is64 && random.once(in: 2) { cursor.put(0x40 | random.byte() & 15) }
    switch random.below(8) {
    case 0, 1: break
    case 2, 3: cursor.put(0x0F)
    case 4: [0x0F, 0x38].forEach { cursor.put($0) }
    case 5: [0x0F, 0x3A].forEach { cursor.put($0) }
    case 6:
      cursor.put(0xC4)
      cursor.put(0xC0 & random.byte() | UInt8(1 + random.below(3)) | 0x20)
    default:
      cursor.put(random.once(in: 4) ? 0x62 : 0xC5)
      if random.once(in: 2) { cursor.put(0xC0 | random.byte()) }
    }
  }

  /// A row of the opcode table.
  private func row(_ cursor: inout Cursor, _ is64: Bool, _ random: inout FuzzRandom) {
    // What does not execute is seldom of interest.
    let opcode = random.once(in: 4) ? opcodes[random.below(opcodes.count)] : built[random.below(built.count)]
    while random.once(in: 4) { cursor.put(random.pick(ByteStrings.prefixes)) }
    encode(opcode, in64BitMode: is64, &cursor, &random)
  }

  private func encode(
    _ opcode: Opcode, in64BitMode is64: Bool, _ cursor: inout Cursor, _ random: inout FuzzRandom
  ) {
    if opcode.map.isVEX {
      vex(opcode, &cursor, &random)
    } else {
      if case .byte(let byte) = opcode.prefix { cursor.put(byte) }
      if is64 && (opcode.needsREXW || random.once(in: 3)) {
        cursor.put(0x40 | (opcode.needsREXW ? 8 : 0) | random.byte() & 15)
      }
      switch opcode.map {
      case .escape0F: cursor.put(0x0F)
      case .escape0F38: [0x0F, 0x38].forEach { cursor.put($0) }
      case .escape0F3A: [0x0F, 0x3A].forEach { cursor.put($0) }
      default: break
      }
    }
    cursor.put(opcode.byte + UInt8(random.below(opcode.spread)))
    guard opcode.hasModRM else { return }
    var modRM = random.byte()
    if let digit = opcode.digit { modRM = modRM & 0xC7 | digit << 3 }
    if opcode.needsRegister { modRM |= 0xC0 }
    if let exact = opcode.exactRM { modRM = 0xC0 | modRM & 0x38 | exact }
    if opcode.operands.contains(.memory), modRM >= 0xC0 { modRM &= 0xBF }
    cursor.put(modRM)
  }

  private func vex(_ opcode: Opcode, _ cursor: inout Cursor, _ random: inout FuzzRandom) {
    let mandatory: UInt8
    switch opcode.prefix {
    case .byte(0x66): mandatory = 1
    case .byte(0xF3): mandatory = 2
    case .byte(0xF2): mandatory = 3
    default: mandatory = 0
    }
    let registers = random.once(in: 3) ? 0x78 : random.byte() & 0xF8
    if opcode.map == .vex0F && random.once(in: 2) {
      cursor.put(0xC5)
      cursor.put(registers & 0xF8 | mandatory)
    } else {
      cursor.put(0xC4)
      cursor.put(random.byte() & 0xE0 | (random.once(in: 2) ? 0xC0 : 0) | UInt8(opcode.map.rawValue - 4))
      cursor.put(registers & 0xF8 | mandatory)
    }
  }
}

/// Places in `Opcode.all` of the rows that are drawn, in some mode, among the first so many strings of seed 1, and come out
/// of the decoder as what they are.
///
/// - Throws: `TableError` when a table is wrong.
public func fuzzedRows(strings count: Int) throws -> Set<Int> {
  guard let timing = try TimingTable.named("unit") else { return [] }
  let decoder = try Decoder(timing: timing)
  let strings = try ByteStrings()
  var rows: Set<Int> = []
  withUnsafeTemporaryAllocation(of: UInt8.self, capacity: ByteStrings.length) { room in
    guard let first = room.baseAddress else { return }
    for number in 0..<count {
      let kind = CodeKind.allCases[number % CodeKind.allCases.count]
      var random = FuzzRandom(seed: 1, case: number)
      strings.draw(into: first, in64BitMode: kind == .long, &random)
      guard let found = decoder.identify(UnsafeRawBufferPointer(room), as: kind), let row = found.row,
        found.standing != .undefined
      else { continue }
      rows.insert(row)
    }
  }
  return rows
}
