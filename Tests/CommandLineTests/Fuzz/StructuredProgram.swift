/// A random program of valid encodings: it gets far, and touches memory, stack, flags, page tables and its own code.
///
/// | register | use |
/// |---|---|
/// | RBX | the scratch area: 8 pages of 4 KiB |
/// | R15 | the scratch area's middle |
/// | R14 | counts loops |
/// | RSP | the stack |
/// | others | anything |
///
/// The scratch area lies at 200000h; in a paged program it is mapped at 8 GiB by 4-KiB pages whose frames lie there.
struct StructuredProgram {
  /// The image.
  private(set) var bytes: [UInt8] = []
  var random: RandomNumbers
  private let isPaged: Bool
  /// Depth of loops and skipped runs.
  private var depth = 0

  static let frames = 0x20_0000
  static let table = 0x30_1000

  init(seed: UInt64) {
    random = RandomNumbers(seed: seed)
    isPaged = random.oneIn(2)
    begin()
    for _ in 0..<random.pick(20...120) { block() }
    // OUT F4h, AL.
    emit(0xE6, 0xF4)
  }

  mutating func emit(_ more: UInt8...) { bytes += more }

  mutating func emit(_ value: Int, count: Int) {
    bytes += (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }

  private mutating func begin() {
    var scratch = StructuredProgram.frames
    if isPaged {
      scratch = 0x2_0000_0000
      store(0x30_0003, at: 0x2040)
      store(0x30_1003, at: 0x30_0000)
      for page in 0..<8 { remap(page) }
    }
    for register in [0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13] { load(register, Int(truncatingIfNeeded: random.next())) }
    load(3, scratch)
    load(15, scratch + 0x4000)
  }

  /// MOV r64, imm64.
  private mutating func load(_ register: Int, _ value: Int) {
    emit(register >= 8 ? 0x49 : 0x48, 0xB8 + UInt8(register & 7))
    emit(value, count: 8)
  }

  /// MOV QWORD [address], imm32.
  private mutating func store(_ value: Int, at address: Int) {
    emit(0x48, 0xC7, 0x04, 0x25)
    emit(address, count: 4)
    emit(value, count: 4)
  }

  /// Gives a page of the scratch area one of 16 frames.
  private mutating func remap(_ page: Int) {
    store(StructuredProgram.frames + random.pick(0...15) << 12 | 3, at: StructuredProgram.table + page * 8)
  }

  /// A run of instructions, a loop, a skipped run, a call, or something that only a few programs have.
  private mutating func block() {
    switch random.pick(0...15) {
    case 0 where depth < 2: loop()
    case 1, 2: skip()
    case 3: call()
    case 4: string()
    case 5: stack()
    case 6: selfModification()
    case 7 where isPaged: pages()
    case 8: clockOrPort()
    case 9: divide()
    default: instruction()
    }
  }

  private mutating func nested(_ count: ClosedRange<Int>) -> [UInt8] {
    let outer = bytes
    bytes = []
    depth += 1
    for _ in 0..<random.pick(count) { depth < 3 ? block() : instruction() }
    depth -= 1
    defer { bytes = outer }
    return bytes
  }

  /// MOV R14D, count; ...; DEC R14D; JNZ back. An inner loop saves the outer one's count.
  private mutating func loop() {
    let body = nested(1...8)
    emit(0x41, 0x56)
    emit(0x41, 0xBE)
    emit(random.pick(1...40), count: 4)
    bytes += body
    emit(0x41, 0xFF, 0xCE, 0x0F, 0x85)
    emit(-(body.count + 9), count: 4)
    emit(0x41, 0x5E)
  }

  /// Jcc over some instructions.
  private mutating func skip() {
    let body = nested(1...4)
    let condition = UInt8(random.pick(0...15))
    if body.count < 128 {
      emit(0x70 + condition, UInt8(body.count))
    } else {
      emit(0x0F, 0x80 + condition)
      emit(body.count, count: 4)
    }
    bytes += body
  }

  /// CALL over a JMP to a routine behind it, or through a register.
  private mutating func call() {
    let body = nested(1...3)
    if random.oneIn(2) {
      emit(0xE8, 0x05, 0x00, 0x00, 0x00, 0xE9)
      emit(body.count + 1, count: 4)
    } else {
      // LEA RAX, [RIP + 7]; CALL RAX; JMP.
      emit(0x48, 0x8D, 0x05, 0x07, 0x00, 0x00, 0x00, 0xFF, 0xD0, 0xE9)
      emit(body.count + 1, count: 4)
    }
    bytes += body
    emit(0xC3)
  }

  /// REP or not, forward or backward, on overlapping or distant parts of the scratch area.
  private mutating func string() {
    for register in [6, 7] {
      // LEA, [RBX + disp32].
      emit(0x48, 0x8D, UInt8(0x83 | register << 3))
      emit(random.pick(0x1000...0x5FFF), count: 4)
    }
    emit(0xB9)
    emit(random.pick(0...64), count: 4)
    emit(random.oneIn(3) ? 0xFD : 0xFC)
    if let repeating = random.pick([[], [0xF3], [0xF3], [0xF2]] as [[UInt8]]) { bytes += repeating }
    let opcode: UInt8 = random.pick([0xA4, 0xA6, 0xAA, 0xAC, 0xAE]) ?? 0xA4
    switch random.pick(0...3) {
    case 0: emit(opcode)
    case 1: emit(0x66, opcode + 1)
    case 2: emit(opcode + 1)
    default: emit(0x48, opcode + 1)
    }
    emit(0xFC)
  }

  /// Pushes and as many pops; PUSHF and POPF.
  private mutating func stack() {
    let registers: [UInt8] = [0, 1, 2, 5, 6, 7]
    let count = random.pick(1...4)
    for _ in 0..<count { emit(0x50 + (random.pick(registers) ?? 0)) }
    for _ in 0..<count { emit(0x58 + (random.pick(registers) ?? 0)) }
    if random.oneIn(3) { emit(0x9C, 0x9D) }
    // PUSH QWORD [RBX + disp32]; POP QWORD [RBX + disp32].
    if random.oneIn(3) {
      emit(0xFF, 0xB3)
      emit(random.pick(0...0x7FF8), count: 4)
      emit(0x8F, 0x83)
      emit(random.pick(0...0x7FF8), count: 4)
    }
  }

  /// MOV BYTE [RIP + d], imm8 into the immediate of a MOV EAX, imm32 some bytes ahead or just behind.
  private mutating func selfModification() {
    let value = UInt8(random.pick(0...255))
    if random.oneIn(2) {
      let between = nested(0...1)
      emit(0xC6, 0x05)
      emit(between.count + 1 + random.pick(0...3), count: 4)
      emit(value)
      bytes += between
      emit(0xB8)
      emit(random.pick(0...0xFFFF), count: 4)
    } else {
      emit(0xB8)
      emit(random.pick(0...0xFFFF), count: 4)
      emit(0xC6, 0x05)
      emit(-11 + random.pick(0...3), count: 4)
      emit(value)
    }
  }

  /// A page of the scratch area moves, with INVLPG, MOV to CR3 or nothing.
  private mutating func pages() {
    let page = random.pick(0...7)
    remap(page)
    switch random.pick(0...2) {
    case 0:
      emit(0x0F, 0x01, 0xBB)
      emit(page << 12, count: 4)
    case 1: emit(0x0F, 0x20, 0xD8, 0x0F, 0x22, 0xD8)
    default: break
    }
  }

  /// RDTSC, IN from COM1, OUT to its scratch register and transmitter.
  private mutating func clockOrPort() {
    switch random.pick(0...2) {
    case 0: emit(0x0F, 0x31)
    case 1: emit(0x66, 0xBA, UInt8(random.pick(0xF8...0xFF)), 0x03, 0xEC)
    default: emit(0x66, 0xBA, random.oneIn(2) ? 0xFF : 0xF8, 0x03, 0xEE)
    }
  }

  /// OR R8, 1; XOR EDX, EDX; DIV R8D or R8.
  private mutating func divide() {
    emit(0x49, 0x83, 0xC8, 0x01, 0x31, 0xD2)
    emit(random.oneIn(2) ? 0x41 : 0x49, 0xF7, 0xF0)
  }
}
