import ArgumentParser
import CPU
import Foundation
import Machine

/// `shootdown models`: the CPU models.
struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "The CPU models: what CPUID answers, and the model-specific registers.",
    subcommands: [List.self, Show.self])

  /// `models list`.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List them: name, family, model and stepping, timing table, part.")

    func run() throws {
      for name in try CPUModel.names() {
        guard let model = try CPUModel.named(name) else { continue }
        print("\(padded(name, 27))\(padded(signature(model), 8))\(padded(model.timing, 13))\(model.part)")
      }
    }
  }

  /// `models show NAME`.
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show one: CPUID on the first processor of one, features by name, model-specific registers.",
      discussion: """
        A feature is 'no' when the part does not have it or --cpuid took it away, 'not built' when the part has it and \
        Shootdown does not yet.
        """)

    @Argument(help: "Its name.") var name: String
    @Option(help: ArgumentHelp("Takes features away, as 'run --cpuid' does.", valueName: "mask"))
    var cpuid: [String] = []

    func run() throws {
      let masks = try cpuid.flatMap { try MachineSettings.cpuidMasks($0, from: "--cpuid") }
      guard let model = try CPUModel.named(name, without: masks) else {
        throw Misuse("\(UnknownName(kind: "CPU model", name: name, known: try CPUModel.names()))")
      }
      print("\(model.name): \(model.part)")
      print("brand string      \(model.brand)")
      print("signature         \(signature(model))")
      print("MAXPHYADDR        \(model.physicalBits)")
      print("timing            \(model.timing)")
      showLeaves(model)
      try showFeatures(model)
      showRegisters(model)
    }

    private func showLeaves(_ model: CPUModel) {
      print("\nCPUID\nleaf      subleaf  EAX       EBX       ECX       EDX")
      for leaf in model.leafNumbers {
        let values = model.cpuid(leaf: leaf.leaf, subleaf: leaf.subleaf, CPUIDInputs())
        let subleaf = model.hasSubleaves(leaf.leaf) ? String(leaf.subleaf, radix: 16, uppercase: true) : "-"
        let cells = CPUIDRegisters.Name.allCases.map { hex(UInt64(values[$0]), 8) }.joined(separator: "  ")
        print("\(hex(UInt64(leaf.leaf), 8))  \(padded(subleaf, 9))\(cells)")
      }
    }

    private func showFeatures(_ model: CPUModel) throws {
      print("\nFeatures")
      for feature in try CPUFeature.all() {
        let state = model.has(feature.name) ? "yes" : model.partHas(feature.name) ? "not built" : "no"
        let place =
          "\(String(feature.leaf.leaf, radix: 16, uppercase: true))"
          + (feature.leaf.subleaf == 0 ? "" : ":\(feature.leaf.subleaf)")
          + ".\(feature.register.rawValue)[\(feature.bit)]"
        print("\(padded(feature.name, 20))\(padded(place, 18))\(padded(state, 11))\(feature.section)")
      }
    }

    private func showRegisters(_ model: CPUModel) {
      print("\nModel-specific registers\nindex     access  reset             writable          name")
      for register in model.registers {
        let access = (register.isReadable ? "r" : "") + (register.isWritable ? "w" : "")
        print(
          "\(hex(UInt64(register.index), 8))  \(padded(access, 8))\(hex(register.reset, 16))  "
            + "\(hex(register.isWritable ? register.writable : 0, 16))  \(register.name)")
      }
    }
  }
}

/// Family, model and stepping in hexadecimal, as 6.2A.7.
private func signature(_ model: CPUModel) -> String {
  let (family, number, stepping) = model.signature
  return [family, number, stepping].map { String($0, radix: 16, uppercase: true) }.joined(separator: ".")
}

private func padded(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(1, width - text.count))
}

private func hex(_ value: UInt64, _ digits: Int) -> String {
  let text = String(value, radix: 16, uppercase: true)
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}
