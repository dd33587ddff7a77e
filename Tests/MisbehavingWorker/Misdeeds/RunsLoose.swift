/// Serves well, with less around it than there should be.
enum RunsLoose {
    static func serve() {
        Wall.log("landlock unavailable")
        Honest.serve()
    }
}
