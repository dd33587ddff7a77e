import Rules

/// Moments, failures and jobs that the suites of this folder share.
enum JobFixture {
    static let now = Timestamp(milliseconds: 1_000_000)
    static let later = Timestamp(milliseconds: 1_060_000)
    static let corrupt = Failure(.pdfCorrupt, message: "It is broken.", detail: "open: broken")
    static let slow = Failure(.timeout, message: "It took too long.", detail: "run: too long")

    /// A PDF's job with the stages in the given states; `store` is completed.
    static func pdf(
        info: StageState = .pending, text: StageState = .pending,
        thumbnail: StageState = .pending, publish: StageState = .pending
    ) -> Job {
        Job(stages: [
            JobStage(name: .store, isRequired: true, state: .completed),
            JobStage(name: .info, isRequired: true, state: info),
            JobStage(name: .text, isRequired: false, state: text),
            JobStage(name: .thumbnail, isRequired: false, state: thumbnail),
            JobStage(name: .publish, isRequired: true, state: publish),
        ])
    }
}
