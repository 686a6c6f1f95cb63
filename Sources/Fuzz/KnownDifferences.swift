import CPU
import Opcodes
import Tables

/// A difference between our decoder and Capstone 5 that is understood.
struct KnownDifference {
  /// What must hold of the bytes.
  enum Condition: String {
    case any
    /// LOCK stands before the opcode; 66h; 66h and F2h or F3h.
    case lock, operandSize, twoMandatory
    /// F2h or F3h stands before the opcode, another prefix behind it.
    case repeatedApart
    /// 66h, F2h or F3h stands before an opcode that another such prefix, or none, makes an instruction.
    case otherMandatory
    /// Ours is a row with 66h as its mandatory prefix.
    case mandatory66
    /// The opcode lies behind C4h or C5h; 66h, F2h, F3h or REX stands before these; the opcode lies behind 62h, or 8Fh.
    case vex, prefixedVEX, evex, xop
  }

  let kind: DecodeDifference.Kind
  /// Ours, or Capstone's without prefixes where ours has none; a trailing `*` stands for the rest.
  let mnemonics: [String]
  let modes: [CodeKind]
  let condition: Condition
  /// Who is right: `ours`, `both` (the manual leaves it open, or it is a matter of taste).
  let right: String
  let why: String

  static func all() throws(TableError) -> [KnownDifference] {
    var list: [KnownDifference] = []
    for row in try Table("decoding differences", KnownDifferences.text).rows {
      guard let kind = DecodeDifference.Kind(rawValue: row["kind"]) else { throw row.error("kind", "is unknown") }
      guard let condition = Condition(rawValue: row["condition"]) else { throw row.error("condition", "is unknown") }
      guard ["ours", "both"].contains(row["right"]) else { throw row.error("right", "is neither 'ours' nor 'both'") }
      guard !row["why"].isEmpty else { throw row.error("why", "is empty") }
      var modes: [CodeKind] = []
      for name in row["modes"].split(separator: ",") {
        if name == "all" {
          modes = CodeKind.allCases
        } else if let mode = CodeKind(rawValue: String(name)) {
          modes.append(mode)
        } else {
          throw row.error("modes", "'\(name)' is unknown")
        }
      }
      list.append(
        KnownDifference(
          kind: kind, mnemonics: row["mnemonics"].split(separator: ",").map(String.init), modes: modes,
          condition: condition, right: row["right"], why: row["why"]))
    }
    return list
  }

  /// One line.
  var text: String { "\(kind.rawValue) \(mnemonics.joined(separator: ",")) (\(condition.rawValue)): \(right), \(why)" }

  func explains(_ difference: DecodeDifference) -> Bool {
    guard difference.kind == kind, modes.contains(difference.code), holds(difference) else { return false }
    let name: Substring
    if kind == .capstone {
      name = difference.capstone?.mnemonic.split(separator: " ").last ?? ""
    } else {
      name = Substring(difference.ours.opcode?.mnemonic ?? "")
    }
    return mnemonics.contains { $0.hasSuffix("*") ? name.hasPrefix($0.dropLast()) : name == $0 }
  }

  static func isPrefix(_ byte: UInt8, in64BitMode is64: Bool) -> Bool {
    [0x66, 0x67, 0xF2, 0xF3, 0xF0, 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65].contains(byte) || is64 && byte & 0xF0 == 0x40
  }

  private func holds(_ difference: DecodeDifference) -> Bool {
    let is64 = difference.code == .long
    let prefixes = difference.bytes.prefix { KnownDifference.isPrefix($0, in64BitMode: is64) }
    let opcode = difference.bytes.dropFirst(prefixes.count).first
    let isRepeated = prefixes.contains(0xF2) || prefixes.contains(0xF3)
    switch condition {
    case .any: return true
    case .lock: return prefixes.contains(0xF0)
    case .operandSize: return prefixes.contains(0x66)
    case .twoMandatory: return isRepeated && prefixes.contains(0x66)
    case .repeatedApart: return isRepeated && prefixes.last != 0xF2 && prefixes.last != 0xF3
    case .otherMandatory:
      guard isRepeated || prefixes.contains(0x66) else { return false }
      return difference.ours.opcode?.excludesOperandSize == true || difference.bare.contains { $0.prefix != .any }
    case .mandatory66: return difference.ours.opcode?.prefix == .byte(0x66)
    case .vex: return opcode == 0xC4 || opcode == 0xC5
    case .prefixedVEX:
      return (opcode == 0xC4 || opcode == 0xC5) && prefixes.contains { $0 >= 0xF2 || $0 == 0x66 || $0 & 0xF0 == 0x40 }
    case .evex: return opcode == 0x62
    case .xop: return opcode == 0x8F
    }
  }
}

/// Where our decoder and Capstone 5 differ, and who is right.
///
/// - `kind`: `length`; `ours`, only ours knows an instruction; `capstone`, only Capstone does.
/// - `mnemonics`: ours, or for `capstone` Capstone's; a trailing `*` stands for the rest.
/// - `condition`: what must hold of the bytes (`KnownDifference.Condition`).
/// - `why`: the manual's section, and what it says.
enum KnownDifferences {
  static let text: StaticString = """
    kind      mnemonics                                                                          modes                         condition       right  why
    capstone  *                                                                                  all                           lock            ours   "LOCK—Assert LOCK# Signal Prefix": #UD before what it lists only, and only with a memory destination
    capstone  *                                                                                  all                           otherMandatory  ours   "Instruction Column in the Opcode Summary Table": NP and a mandatory prefix leave no other for other use; what is not in the opcode map is #UD
    capstone  *                                                                                  protected16,protected32,long  prefixedVEX     ours   "VEX and the LOCK Prefix", "VEX and the 66H, F2H, and F3H Prefixes", "VEX and the REX Prefix": #UD
    capstone  *                                                                                  real                          vex             ours   "VEX Encoding Support in 32-bit Modes": in real-address and virtual-8086 mode there is no VEX, and LES or LDS with a register is #UD
    capstone  v*,k*                                                                              all                           vex             ours   "Exception Conditions of Instructions": #UD, because XCR0 cannot have AVX state
    capstone  v*,k*                                                                              all                           evex            ours   "Exception Conditions of Instructions": #UD, because XCR0 cannot have AVX-512 state
    ours      *                                                                                  real,protected16              mandatory66     ours   "Instruction Prefixes": a mandatory prefix is one in 16-bit code too; Capstone takes it for the operand size
    ours      *                                                                                  all                           repeatedApart   ours   "Instruction Prefixes": the order of prefixes means nothing; Capstone wants F2h and F3h last
    ours      *                                                                                  all                           twoMandatory    ours   "Instruction Prefixes": F2h and F3h come before 66h as mandatory prefixes; Capstone knows nothing for both
    length    UD0,UD1                                                                            all                           any             ours   "UD—Undefined Instruction": both have a ModRM byte, and what it asks for
    length    J,JMP,CALL                                                                         long                          operandSize     ours   "Jcc—Jump if Condition Is Met" and others: in 64-bit mode the displacement has 32 bits whatever 66h says; AMD, whom Capstone follows, has 16
    capstone  j*,call                                                                            long                          operandSize     ours   the same, where the longer displacement makes more than fifteen bytes
    length    RET                                                                                long                          operandSize     ours   "RET—Return From Procedure": imm16 always
    ours      NOP                                                                                all                           any             ours   "Opcode Map": 0F 18 to 0F 1F are hints, and NOPs where they are reserved
    ours      LFENCE,MFENCE,SFENCE                                                               all                           any             ours   "LFENCE—Load Fence" and others: the processor ignores the r/m field
    ours      BSF,BSR                                                                            all                           any             both   "Instruction Prefixes": F2h before these is reserved; processors ignore it
    ours      PAUSE                                                                              all                           any             ours   "PAUSE—Spin Loop Hint": 66h and 67h before it mean nothing
    ours      MOVSXD                                                                             long                          any             ours   "MOVSX/MOVSXD—Move With Sign-Extension": 67h is an address size
    ours      FSTP1,FENI,FDISI,FSETPM,FCOM2,FCOMP3,FXCH4,FCOMP5,FFREEP,FXCH7,FSTP8,FSTP9         all                           any             both   "Opcode Map": reserved; processors take them for their neighbours
    ours      ENQCMD,ENQCMDS,SERIALIZE,UMWAIT,TPAUSE,UMONITOR,PTWRITE,CLRSSBSY,INCSSP            all                           any             ours   younger than Capstone's tables in this mode; "ENQCMD—Enqueue Command" and others
    capstone  mov                                                                                all                           any             ours   "MOV—Move to/from Control Registers", "MOV—Move": #UD for control, debug and segment registers that there are not, and for CS
    capstone  syscall,sysret,sysretq,swapgs                                                      real,protected16,protected32  any             ours   "SYSCALL—Fast System Call", "SYSRET—Return From Fast System Call", "SWAPGS—Swap GS Base Register": #UD outside of 64-bit mode; AMD has the first two there
    capstone  femms,pf*,pi2*,pavgusb,pmulhrw,pswapd,pfnacc,pfpnacc                               all                           any             ours   "Opcode Map": reserved; 3DNow! of AMD
    capstone  movntss,movntsd,extrq,insertq                                                      all                           any             ours   "Opcode Map": reserved; SSE4a of AMD
    capstone  *                                                                                  all                           xop             ours   "Opcode Map": 8F /1 to /7 are reserved; XOP of AMD
    capstone  clgi,stgi,vmload,vmmcall,vmrun,vmsave,skinit,invlpga,clzero,monitorx,mwaitx,rdpru  all                           any             ours   "Opcode Map": reserved; AMD
    capstone  movnti,movlhps,movhlps                                                             all                           operandSize     ours   "MOVNTI—Store Doubleword Using Non-Temporal Hint" and others: NP, and the encoding with 66h is none or has no register
    capstone  xstore,xcrypt*,xsha*,montmul                                                       all                           any             ours   "Opcode Map": reserved; PadLock of VIA
    capstone  ud0,ud1                                                                            all                           any             ours   "UD—Undefined Instruction": with their ModRM byte these are more than fifteen bytes
    capstone  movdir64b                                                                          all                           any             ours   "MOVDIR64B—Move 64 Bytes as Direct Store": 66h is its mandatory prefix; Capstone does without where 67h stands
    """
}
