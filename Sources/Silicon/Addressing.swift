import SiliconNative

/// ModRM.mod and rm, SIB and displacement of a memory operand.
struct Addressing {
  var mod: UInt8 = 0
  var rm: UInt8 = 0
  var sib: UInt8?
  var displacementBytes = 0
  var displacement: UInt64 = 0
  /// REX.X and REX.B.
  var rexX: UInt8 = 0
  var rexB: UInt8 = 0
  /// The displacement counts from the end of the instruction.
  var isRIPRelative = false
  /// REX.X, REX.B mean nothing.
  var freeX = true
  var freeB = false
}

extension Draft {
  /// A way to address a linear address: sets the registers that it needs.
  ///
  /// - Parameter address32: the effective address has 32 bits; whatever is above them in registers must not matter.
  mutating func addressing(of target: UInt64, address32: Bool) -> Addressing {
    let isLow = target < 0x8000_0000
    let kind = isFirst ? random.below(12) : random.below(2)
    switch kind {
    case 0 where isLow: return ripRelative(target)
    case 1 where isLow: return absolute(target)
    case 2 where isLow: return based(target, hasBase: false, hasIndex: true, address32)
    case 3...6: return based(target, hasBase: true, hasIndex: false, address32)
    case 7 where isLow:
      if let made = doubled(target) { return made }
      return absolute(target)
    default: return based(target, hasBase: true, hasIndex: true, address32)
    }
  }

  private func ripRelative(_ target: UInt64) -> Addressing {
    var it = Addressing(mod: 0, rm: 5, displacementBytes: 4, displacement: target, isRIPRelative: true)
    it.freeB = true
    return it
  }

  private mutating func absolute(_ target: UInt64) -> Addressing {
    var it = Addressing(mod: 0, rm: 4, displacementBytes: 4, displacement: target)
    it.sib = UInt8(random.below(4)) << 6 | 4 << 3 | 5
    it.freeX = false
    it.freeB = true
    return it
  }

  /// A register that is still free for an address; nil: none was found.
  private mutating func freeRegister(isIndex: Bool) -> Int? {
    for _ in 0..<8 {
      let number = random.below(16)
      if pinned >> UInt16(number) & 1 == 0 && !(number == 4 && (isIndex || isSequence)) { return number }
    }
    return nil
  }

  private mutating func displacement(_ bytes: Int) -> UInt64 {
    switch bytes {
    case 1: return UInt64(bitPattern: Int64(Int8(truncatingIfNeeded: Int64(bitPattern: random.next()))))
    case 4:
      let small = random.once(in: 2)
      let value = Int64(Int32(truncatingIfNeeded: Int64(bitPattern: random.next())))
      return UInt64(bitPattern: small ? value >> 18 : value)
    default: return 0
    }
  }

  private mutating func based(_ target: UInt64, hasBase: Bool, hasIndex: Bool, _ address32: Bool) -> Addressing {
    var it = Addressing()
    let bytes = hasBase ? [0, 1, 4][random.below(3)] : 4
    it.displacementBytes = bytes
    it.displacement = displacement(bytes)
    var rest = target &- it.displacement
    let scale = UInt8(random.below(4))
    var index: Int?
    if hasIndex, hasBase, let register = freeRegister(isIndex: true) {
      index = register
      set(register, random.once(in: 2) ? UInt64(random.below(4096)) : random.next())
      rest = rest &- gpr[register] &<< UInt64(scale)
    } else if hasIndex, let register = freeRegister(isIndex: true) {
      // The displacement takes what the scale leaves over.
      index = register
      let value = target >> UInt64(scale) &- UInt64(random.below(0x1000))
      set(register, value)
      it.displacement = target &- value &<< UInt64(scale)
    }
    guard hasBase else {
      guard let index else { return absolute(target) }
      it.mod = 0
      it.rm = 4
      it.sib = scale << 6 | UInt8(index & 7) << 3 | 5
      it.rexX = UInt8(index >> 3)
      it.freeX = false
      it.freeB = true
      if address32 { widen(index) }
      return it
    }
    guard let base = freeRegister(isIndex: false) else { return target < 0x8000_0000 ? absolute(target) : it }
    set(base, rest)
    if address32 { [base, index ?? base].forEach { widen($0) } }
    // mod = 0 with rBP or r13 would be no base at all.
    if bytes == 0 && base & 7 == 5 {
      it.displacementBytes = 1
      it.displacement = 0
    }
    it.mod = it.displacementBytes == 0 ? 0 : it.displacementBytes == 1 ? 1 : 2
    it.rexB = UInt8(base >> 3)
    if let index {
      it.rm = 4
      it.sib = scale << 6 | UInt8(index & 7) << 3 | UInt8(base & 7)
      it.rexX = UInt8(index >> 3)
      it.freeX = false
    } else if base & 7 == 4 || random.once(in: 8) {
      it.rm = 4
      it.sib = scale << 6 | 4 << 3 | UInt8(base & 7)
      it.freeX = false
    } else {
      it.rm = UInt8(base & 7)
    }
    return it
  }

  /// One register as base and index.
  private mutating func doubled(_ target: UInt64) -> Addressing? {
    guard let register = freeRegister(isIndex: true) else { return nil }
    let scale = UInt8(random.below(4))
    let value = target / (1 + 1 << UInt64(scale))
    set(register, value)
    var it = Addressing(mod: 2, rm: 4, displacementBytes: 4)
    it.displacement = target - value - value << UInt64(scale)
    it.sib = scale << 6 | UInt8(register & 7) << 3 | UInt8(register & 7)
    it.rexX = UInt8(register >> 3)
    it.rexB = UInt8(register >> 3)
    it.freeX = false
    return it
  }

  /// Bits above a 32-bit address, which mean nothing.
  private mutating func widen(_ register: Int) {
    if random.once(in: 2) { gpr[register] = gpr[register] & 0xFFFF_FFFF | random.next() << 32 }
  }
}
