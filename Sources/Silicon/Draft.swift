import Opcodes
import SiliconNative

/// An instruction of a case, as far as the comparison must know it.
struct PlannedInstruction {
  /// Number in `Knowledge.encodings`.
  let encoding: Int
  /// Offset in the slot.
  let start: Int
  let length: Int
  let width: Int
  /// Arithmetic flags that it leaves undefined.
  let undefined: UInt64
  /// Its result is undefined.
  let isResultUndefined: Bool
  /// The difference between vendors that it may show.
  let vendor: VendorRule?
  /// What decides whether ours has this form of the row.
  let traits: Traits
  /// FS or GS stands before it, with a base that the case has chosen.
  let hasBase: Bool

  /// Properties of a form.
  struct Traits: OptionSet, Hashable {
    let rawValue: Int
    static let memory = Traits(rawValue: 1)
    static let address32 = Traits(rawValue: 2)
    static let segment = Traits(rawValue: 4)
  }
}

/// A case being written: code from a cursor on, registers, and data.
struct Draft {
  let it: UnsafeMutablePointer<SiliconCase>
  let image: UnsafeMutablePointer<UInt8>
  let gpr: UnsafeMutablePointer<UInt64>
  let code: UnsafeMutablePointer<UInt8>
  /// Linear address of the slot.
  let slot: UInt64
  var random: Randomness
  /// Where the next byte of code goes, in the slot.
  var cursor = 0
  /// Registers whose value is needed as it is.
  var pinned: UInt16 = 0
  /// The instruction being written is the case's first: its registers and memory are known.
  var isFirst = true
  /// Others stand before or behind it.
  var isSequence = false

  /// Offsets of the landings in front of the code and behind it.
  static let landingBefore = 0
  static let landingBehind = 120

  /// An empty case in a slot: random registers, RSP and now and then others pointing into the data.
  init(_ it: UnsafeMutablePointer<SiliconCase>, image: UnsafeMutablePointer<UInt8>, index: Int, random: Randomness) {
    self.it = it
    self.image = image
    self.random = random
    slot = Places.slot(index)
    gpr = UnsafeMutableRawPointer(it).assumingMemoryBound(to: UInt64.self)
    code = silicon_code(it)
    code.update(repeating: 0xCC, count: Places.slotSize)
    it.pointee.patchCount = 0
    it.pointee.usesVectors = 0
    it.pointee.usesBases = 0
    let landings = silicon_landings(it)
    landings[0] = 0xFF
    landings[1] = UInt8(Draft.landingBefore)
    landings[2] = UInt8(Draft.landingBehind)
    for register in 0..<16 { gpr[register] = self.random.once(in: 16) ? self.random.roomyPlace() : self.random.value() }
    gpr[4] = self.random.once(in: 8) ? self.random.place(8) : self.random.roomyPlace()
    cursor = 8 + self.random.below(36)
    var flags: UInt64 = 0x202 | self.random.next() & 0x8D5
    if self.random.once(in: 8) { flags |= 0x400 }
    it.pointee.in.rflags = flags
    it.pointee.in.rip = slot + UInt64(cursor)
    if self.random.once(in: 8) { chooseBases() }
  }

  // MARK: Bases and vector registers

  /// Bases of FS and GS: mostly below the data, so that 32-bit addresses and displacements reach them, else anywhere.
  private mutating func chooseBases() {
    it.pointee.usesBases = 1
    it.pointee.fsBase = base()
    it.pointee.gsBase = base()
  }

  private mutating func base() -> UInt64 {
    guard random.once(in: 8) else { return UInt64(random.below(Int(Places.data) - 0x1_0000)) }
    return random.next() >> (random.once(in: 4) ? 18 : 20)
  }

  /// The base that a segment-override prefix adds; nil: that of the host's own program.
  func base(_ override: UInt8?) -> UInt64? {
    let isOwn = it.pointee.usesBases != 0
    switch override {
    case 0x64: return isOwn ? it.pointee.fsBase : nil
    case 0x65: return isOwn ? it.pointee.gsBase : 0
    default: return 0
    }
  }

  /// Gives the case its vector registers, unless it has them: words of the image, which has the corners.
  mutating func useVectors() {
    guard it.pointee.usesVectors == 0 else { return }
    it.pointee.usesVectors = 1
    let vectors = silicon_case_vectors(it)
    let significands = silicon_mmx(vectors)
    let exponents = silicon_exponents(vectors)
    let image = UnsafeRawPointer(image)
    var drawn: UInt64 = 0
    func word(_ index: Int) -> UInt64 {
      if index % 4 == 0 { drawn = random.next() }
      defer { drawn >>= 16 }
      return image.load(fromByteOffset: Int(drawn & (Places.dataBytes - 8)), as: UInt64.self)
    }
    for number in 0..<8 {
      significands[number] = word(number)
      exponents[number] = UInt16(truncatingIfNeeded: drawn)
    }
    let words = silicon_vectors(vectors)
    for number in 0..<Int(SiliconVectors) {
      words[8 * number] = word(2 * number)
      words[8 * number + 1] = word(2 * number + 1)
      for unused in 2..<8 { words[8 * number + unused] = 0 }
    }
    // Comparisons and tests want equal operands, too.
    for _ in 0..<random.below(4) {
      let (from, to) = (random.below(16), random.below(16))
      for half in 0..<2 where !random.once(in: 4) { words[8 * to + half] = words[8 * from + half] }
    }
    vectors.pointee.mxcsr = random.controlAndStatus()
    vectors.pointee.fpuStatus = random.once(in: 4) ? UInt16(random.below(8)) << 11 : 0
    vectors.pointee.fpuFull = UInt8(truncatingIfNeeded: random.next())
    vectors.pointee.reserved = 0
  }

  // MARK: Registers and data

  /// Gives a register a value, unless another one is needed there; says whether it now has it.
  @discardableResult
  mutating func set(_ register: Int, _ value: UInt64) -> Bool {
    guard isFirst, pinned >> UInt16(register) & 1 == 0 else { return false }
    gpr[register] = value
    pin(register)
    return true
  }

  mutating func pin(_ register: Int) { pinned |= 1 << UInt16(register) }

  /// Changes data from the batch's image, if the address is data.
  mutating func patch(_ address: UInt64, _ value: UInt64, bytes: Int) {
    let count = Int(it.pointee.patchCount)
    guard isFirst, count < Places.patches, bytes <= 8, Places.isData(address, bytes: bytes) else { return }
    let patch = silicon_patch(it, UInt32(count))
    patch.pointee.offset = UInt16(address - Places.data)
    patch.pointee.length = UInt16(bytes)
    let room = silicon_patch_bytes(patch)
    for index in 0..<bytes { room[index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    it.pointee.patchCount = UInt8(count + 1)
  }

  /// What the data hold before the case; nil: not data.
  func initial(_ address: UInt64, bytes: Int) -> UInt64? {
    guard Places.isData(address, bytes: bytes) else { return nil }
    var value: UInt64 = 0
    for index in 0..<bytes {
      let offset = Int(address - Places.data) + index
      var byte = image[offset]
      for number in 0..<UInt32(it.pointee.patchCount) {
        let patch = silicon_patch(it, number)
        let place = offset - Int(patch.pointee.offset)
        if place >= 0 && place < Int(patch.pointee.length) { byte = silicon_patch_bytes(patch)[place] }
      }
      value |= UInt64(byte) << UInt64(8 * index)
    }
    return value
  }

  /// A register that a case may do with as it likes.
  mutating func anyRegister() -> UInt8 {
    let number = random.below(16)
    // In a sequence the stack must stay where it is.
    return isSequence && number == 4 ? 3 : UInt8(number)
  }

  // MARK: Code

  mutating func emit(_ byte: UInt8) {
    guard cursor < Draft.landingBehind else { return }
    code[cursor] = byte
    cursor += 1
  }

  mutating func emit(_ value: UInt64, bytes: Int) {
    for index in 0..<bytes { emit(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
  }

  /// Where a branch may go: a landing before or behind the code; far ones also where nothing can be executed.
  mutating func branchTarget(isShort: Bool) -> UInt64 {
    switch random.below(isShort ? 8 : 16) {
    case 0..<4: return slot + UInt64(Draft.landingBehind)
    case 4..<8: return slot + UInt64(Draft.landingBefore)
    case 8: return Places.pads - 0x800
    case 9: return Places.data + UInt64(random.below(0x1000))
    default: return Places.farLanding
    }
  }
}
