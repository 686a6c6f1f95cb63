import CPU
import Layout

/// Registers by the names that expressions and `set` know them by.
enum RegisterName {
  /// Names of the low parts of general registers: bits, and whether they are bits 15:8.
  private struct Part {
    let register: GeneralRegister
    let bits: Int
    let isHigh: Bool
  }

  private static let parts: [String: Part] = {
    var parts: [String: Part] = [:]
    for register in GeneralRegister.allCases {
      let name = "\(register)"
      parts[name] = Part(register: register, bits: 64, isHigh: false)
      if register.rawValue >= 8 {
        for (suffix, bits) in [("d", 32), ("w", 16), ("b", 8)] {
          parts[name + suffix] = Part(register: register, bits: bits, isHigh: false)
        }
        continue
      }
      let short = String(name.dropFirst())
      parts["e" + short] = Part(register: register, bits: 32, isHigh: false)
      parts[short] = Part(register: register, bits: 16, isHigh: false)
      let letter = short.prefix(1)
      if register.rawValue < 4 {
        parts[letter + "l"] = Part(register: register, bits: 8, isHigh: false)
        parts[letter + "h"] = Part(register: register, bits: 8, isHigh: true)
      } else {
        parts[short + "l"] = Part(register: register, bits: 8, isHigh: false)
      }
    }
    for (alias, register) in [("pc", nil), ("sp", GeneralRegister.rsp)] as [(String, GeneralRegister?)] {
      if let register { parts[alias] = Part(register: register, bits: 64, isHigh: false) }
    }
    return parts
  }()

  /// Every name, for completion.
  static let all: [String] =
    (parts.keys + [
      "rip", "pc", "rflags", "eflags", "cpl", "cr0", "cr2", "cr3", "cr4", "cr8", "efer", "dr0", "dr1", "dr2", "dr3",
      "dr6", "dr7", "cycle", "instructions", "tsc", "gdtr.base", "gdtr.limit", "idtr.base", "idtr.limit", "tr",
      "tr.base", "tr.limit", "ldtr", "ldtr.base", "ldtr.limit",
    ] + SegmentNames.all.flatMap { [$0, $0 + ".base", $0 + ".limit"] }).sorted()

  /// A register's value; nil: there is none of that name.
  static func value(_ name: String, of processor: Processor) -> UInt64? {
    let name = name.lowercased()
    let state = processor.state
    if let part = parts[name] {
      let value = processor[part.register]
      switch part.bits {
      case 64: return value
      case 32: return value & 0xFFFF_FFFF
      case 16: return value & 0xFFFF
      default: return (part.isHigh ? value >> 8 : value) & 0xFF
      }
    }
    let s = state.pointee
    switch name {
    case "rip", "pc": return s.rip
    case "eip": return s.rip & 0xFFFF_FFFF
    case "rflags", "eflags", "flags": return state.rflags
    case "cpl": return UInt64(processor.privilege)
    case "cr0": return s.cr0
    case "cr2": return s.cr2
    case "cr3": return s.cr3
    case "cr4": return s.cr4
    case "cr8": return s.cr8
    case "efer": return s.efer
    case "dr0": return s.dr.0
    case "dr1": return s.dr.1
    case "dr2": return s.dr.2
    case "dr3": return s.dr.3
    case "dr6": return s.dr.6
    case "dr7": return s.dr.7
    case "cycle", "cycles": return s.cycles
    case "instructions": return s.instructions
    case "tsc": return s.cycles &+ s.tscOffset
    case "gdtr.base": return s.gdtr.base
    case "gdtr.limit": return s.gdtr.limit
    case "idtr.base": return s.idtr.base
    case "idtr.limit": return s.idtr.limit
    default: return segment(name, s)
    }
  }

  private static func segment(_ name: String, _ s: ProcessorState) -> UInt64? {
    let words = name.split(separator: ".", omittingEmptySubsequences: false)
    guard words.count <= 2, let segment = SegmentNames.register(words[0], s) else { return nil }
    switch words.count == 2 ? words[1] : "selector" {
    case "selector": return UInt64(segment.selector)
    case "base": return segment.base
    case "limit": return UInt64(segment.limit)
    case "rights": return UInt64(segment.attributes)
    default: return nil
    }
  }

  /// Writes a register; false: there is none of that name that can be written so.
  static func write(_ name: String, _ value: UInt64, of processor: Processor) -> Bool {
    let name = name.lowercased()
    let state = processor.state
    if let part = parts[name] {
      let old = processor[part.register]
      switch part.bits {
      case 64: processor[part.register] = value
      case 32: processor[part.register] = value & 0xFFFF_FFFF
      case 16: processor[part.register] = old & ~0xFFFF | value & 0xFFFF
      default:
        let shift: UInt64 = part.isHigh ? 8 : 0
        processor[part.register] = old & ~(0xFF << shift) | (value & 0xFF) << shift
      }
      return true
    }
    switch name {
    case "rip", "pc": state.pointee.rip = value
    // VM and the reserved bits cannot be made up without a mode that goes with them.
    case "rflags", "eflags", "flags": state.rflags = value & 0x0025_4DD5 | state.rflags & ~0x0025_4DD5
    case "cr2": state.pointee.cr2 = value
    case "cr0", "cr3", "cr4", "cr8":
      return name.last?.wholeNumberValue.map { processor.poke(controlRegister: $0, value) } ?? false
    default:
      guard name.hasPrefix("vmcs."), let field = processor.currentField(name.dropFirst(5)) else { return false }
      field.unit.vmcs[field.field] = value & field.mask
    }
    return true
  }
}

/// Segment registers and those like them, by name.
enum SegmentNames {
  static let all = ["es", "cs", "ss", "ds", "fs", "gs"]

  static func register(_ name: some StringProtocol, _ s: ProcessorState) -> SegmentRegister? {
    let (es, cs, ss, ds, fs, gs) = s.segments
    switch String(name) {
    case "es": return es
    case "cs": return cs
    case "ss": return ss
    case "ds": return ds
    case "fs": return fs
    case "gs": return gs
    case "tr": return s.tr
    case "ldtr": return s.ldtr
    default: return nil
    }
  }
}

extension Processor {
  /// A general register.
  subscript(_ register: GeneralRegister) -> UInt64 {
    get { UnsafeRawPointer(state).load(fromByteOffset: register.rawValue * 8, as: UInt64.self) }
    set {
      UnsafeMutableRawPointer(state).storeBytes(of: newValue, toByteOffset: register.rawValue * 8, as: UInt64.self)
    }
  }

  /// CPL.
  var privilege: UInt8 {
    let s = state.pointee
    // CPL is SS's DPL; in real mode 0, in virtual-8086 mode 3 by the same field.
    return s.cr0 & 1 == 0 ? 0 : UInt8(truncatingIfNeeded: s.segments.2.attributes >> 5 & 3)
  }

  /// Bits of code's size.
  var codeBits: Int {
    switch state.pointee.mode & 3 {
    case 2: 64
    case 1: 32
    default: 16
    }
  }

  /// Linear address of the next instruction.
  var linearRIP: UInt64 {
    let s = state.pointee
    return codeBits == 64 ? s.rip : (s.codeBase &+ s.rip) & 0xFFFF_FFFF
  }

  /// Mode of operation, in a word or two.
  var modeName: String {
    let s = state.pointee
    if s.cr0 & 1 == 0 { return "real" }
    if state.rflags & 1 << 17 != 0 { return "v86" }
    return s.efer & 1 << 10 != 0 && codeBits != 64 ? "compat\(codeBits)" : "\(codeBits)-bit"
  }
}
