"""`syngrad simulate` tells how long a run would take: what arithmetic says where that is simple, and in bounds elsewhere."""
import csv
import json
import sys
import time

from program import check, check_refused, folder, run

program = sys.argv[1]
MODEL, BATCH = "mlp:64-256x5-10", 64
GROUPS = 6


def simulated(*arguments):
    done = run(program, "simulate", *arguments, "--format", "json")
    check(done.returncode == 0 and not done.stderr, done)
    return json.loads(done.stdout)


def near(value, wanted, share=0.05):
    return abs(value - wanted) <= share * wanted


common = [MODEL, "--batch", str(BATCH), "--steps", "200", "--optimizer", "adam"]  # whose steps multiply nothing
locked = [*common, "--policy", "locked"]
one = simulated(*locked, "--cluster", "1x1", "--rate", "1")
check(one["steps"] == one["simulated_steps"] == 200, one)
check(near(one["steps_per_s"], 200 / one["seconds"]) and near(one["samples_per_s"], BATCH * one["steps_per_s"]), one)
check([each["staleness"] for each in one["groups"]] == [0] * GROUPS, one)
# A third of the lowest group's multiply-adds is not needed: nobody wants the gradient of its input.
multiply_adds = BATCH * (2 * 64 * 256 + 3 * 4 * 256 * 256 + 3 * 256 * 10)
check(near(one["step_s"], multiply_adds / 1e9, 0.1), one, multiply_adds)
check(near(simulated(*locked, "--cluster", "1x8", "--rate", "1")["step_s"], one["step_s"]), "locked gains by threads")

three = simulated(*locked, "--cluster", "3x1", "--rate", "1", "--between", "delay:50ms")
check(near(three["step_s"], one["step_s"] + 4 * 0.05), three, one)
check(len(three["nodes"]) == 3 and three["nodes"][0]["groups"] == "0-1", three)
check(three["nodes"][1]["bytes_a_step"] == BATCH * (2 * 4 * 256 + 4), three)  # activations with labels up, gradients down
check(all(each["memory_bytes"] > 0 for each in three["nodes"]), three)

# Two interfaces up and down, and both ends of each.
costly = simulated(*locked, "--cluster", "3x1", "--rate", "1", "--between", "delay:50ms", "--link-cost", "message:5ms,rate:100MB/s")
a_crossing = 0.005 + BATCH * 256 * 4 / 100e6
check(near(costly["step_s"] - three["step_s"], 2 * 4 * a_crossing), costly, three)
check(costly["link_message_s"] == 0.005 and three["link_message_s"] == 0, costly)
check(costly["nodes"][1]["links_busy"] > costly["nodes"][0]["links_busy"] > 0 == three["nodes"][1]["links_busy"], costly)
measured = simulated(*locked, "--cluster", "3x1", "--simulate", "20")
check(1e-6 < measured["link_message_s"] < 5e-3 and 1e-11 < measured["link_byte_s"] < 5e-8, measured)
check(simulated(*locked, "--cluster", "1x1", "--simulate", "20")["link_message_s"] == 0, "nothing crosses")
thin = simulated(*locked, "--cluster", "3x1", "--rate", "1", "--wire", "bf16")
check(thin["nodes"][1]["bytes_a_step"] == BATCH * (2 * 2 * 256 + 4), thin)

late = simulated(*locked, "--cluster", "3x1", "--rate", "1", "--between", "delay:50ms", "--failure", "2@5:down:10")
check(near(late["seconds"] - three["seconds"], 10), late["seconds"], three["seconds"])
check([(each["failures"], each["away_s"]) for each in late["nodes"]] == [(0, 0), (0, 0), (1, 10)], late["nodes"])
alone = [*common, "--policy", "synthetic", "--cluster", "3x1", "--rate", "1", "--failure", "2@2:down:1"]
few = simulated(*alone, "--max-alone", "5")
check([each["alone"] for each in few["groups"]] == [0, 0, 0, 5, 0, 0] and few["groups"][0]["updates"] == 205, few["groups"])
many = simulated(*alone)
check(15 <= many["groups"][3]["alone"] <= 25 and many["steps"] == 200 and not many["cut_short"], many["groups"])
gone = simulated(*locked, "--cluster", "3x1", "--rate", "1", "--failure", "1@5")
check(gone["cut_short"] and 5 < gone["steps"] < 200 and near(gone["seconds"], 5), gone["steps"], gone["seconds"])
often = simulated(*locked, "--cluster", "3x1", "--rate", "1", "--between", "delay:50ms", "--mtbf", "20:down:1")
check(often["seconds"] > three["seconds"] + 2 and sum(each["failures"] for each in often["nodes"]) > 2, often["nodes"])

free = simulated(*common, "--policy", "delayed", "--cluster", "3x1", "--rate", "1", "--between", "delay:50ms", "--credits", "64")
check(free["step_s"] < 0.6 * one["step_s"], free, one)
check(free["groups"][0]["staleness"] > free["groups"][3]["staleness"] > 1, free)
check(max(each["busy"] for each in free["nodes"]) > 0.8, free)
slow = simulated(*common, "--policy", "delayed", "--cluster", "2x1,1@0.25", "--rate", "1")
check(slow["step_s"] > simulated(*common, "--policy", "delayed", "--cluster", "3x1", "--rate", "1")["step_s"], slow)
check(simulated(*common, "--policy", "local", "--cluster", "3x1", "--rate", "1", "--cores", "1")["step_s"] >
      2 * simulated(*common, "--policy", "local", "--cluster", "3x1", "--rate", "1")["step_s"], "one core for three nodes")

pipeline = [*common, "--policy", "pipeline", "--micro-batches", "8", "--cluster", f"{GROUPS}x1", "--rate", "1"]
check(simulated(*pipeline)["step_s"] < 0.6 * one["step_s"], "a pipeline fills")

began = time.monotonic()
long = simulated("mlp:16-16x998-10", "--batch", "16", "--cluster", "1000x1", "--between", "delay:1ms", "--rate", "10", "--steps",
                 "1000000", "--simulate", "100")
check(long["steps"] == 1_000_000 and long["simulated_steps"] == 100 and len(long["nodes"]) == 1000, long["steps"])
check(time.monotonic() - began < 120, "it takes long")

with folder() as home:
    where = f"{home}/simulated"
    traced = simulated(*locked, "--cluster", "3x1", "--rate", "1", "--between", "delay:50ms", "--simulate", "40", "--trace-to", where)
    check(near(traced["step_s"], three["step_s"], 0.001), traced, three)
    for command in (["info"], ["show"], ["locks"], ["report", "--out", f"{home}/report.html"], ["export", where, "csv", "--out", f"{home}/records.csv"]):
        done = run(program, "trace", *(command if where in command else [command[0], where, *command[1:]]))
        check(done.returncode == 0, command, done)
    kinds = [row["kind"] for row in csv.DictReader(open(f"{home}/records.csv"))]
    check(kinds.count("update") == 40 * GROUPS and kinds.count("begin") == kinds.count("end") > kinds.count("send"), len(kinds))
    away = f"{home}/away"
    simulated(*alone, "--max-alone", "5", "--link-cost", "message:1ms", "--trace-to", away)
    done = run(program, "trace", "export", away, "csv", "--out", f"{home}/away.csv")
    check(done.returncode == 0, done)
    rows = list(csv.DictReader(open(f"{home}/away.csv")))
    kinds = [row["kind"] for row in rows]
    check(kinds.count("exit") == kinds.count("spawn") == 2 * 2 - 1, kinds.count("exit"))  # two groups, one with a predictor
    check(kinds.count("begin") == kinds.count("end"), kinds.count("begin"))
    check_refused(run(program, "simulate", *locked, "--trace-to", where), "--trace-to", "another folder",
                  command="syngrad simulate: ")

table = run(program, "simulate", *alone, "--max-alone", "5").stdout
check("node 2 was away once for 1.0 s" in table and "5 batches ended above group 3" in table, table)
table = run(program, "simulate", *common, "--simulate", "50").stdout
check("steps/s" in table and "50 of them were simulated" in table and "staleness" in table, table)

refuses = dict(command="syngrad simulate: ")
check_refused(run(program, "simulate", "--cluster", "0x1"), "--cluster", "0x1", "3x1", **refuses)
check_refused(run(program, "simulate", "--cluster", "2x"), "--cluster", "threads", **refuses)
check_refused(run(program, "simulate", "--cluster", "1@0"), "--cluster", "speed", **refuses)
check_refused(run(program, "simulate", "--between", "delay@1:5ms"), "--between", "delay:10ms", **refuses)
check_refused(run(program, "simulate", "--between", "delay:5b"), "--between", "times", **refuses)
check_refused(run(program, "simulate", "--between", "slow:5ms"), "--between", **refuses)
check_refused(run(program, "simulate", "--link-cost", "slow"), "--link-cost", "message:50us", **refuses)
check_refused(run(program, "simulate", "--link-cost", "message:2b"), "--link-cost", "time", **refuses)
check_refused(run(program, "simulate", "--failure", "1@"), "--failure", "1@30:down:10", **refuses)
check_refused(run(program, "simulate", *common, "--rate", "1", "--cluster", "2x1", "--failure", "2@5"), "--failure", "nodes 0 to 1", **refuses)
check_refused(run(program, "simulate", "--mtbf", "0"), "--mtbf", "3600:down:30", **refuses)
check_refused(run(program, "simulate", *locked, "--rate", "1", "--failure", "0@5:down:1", "--max-alone", "5"), "--max-alone", "predicts",
              **refuses)
check_refused(run(program, "simulate", "--rate", "0"), "--rate", **refuses)
check_refused(run(program, "simulate", "mlp:4-8-3", "mlp:4-8-2"), "mlp:4-8-2", **refuses)
check_refused(run(program, "simulate", "--policy", "lucked"), "--policy", "locked", **refuses)
check_refused(run(program, "simulate", *common, "--policy", "gated"), "goes by what is learnt", "corrected", **refuses)
explained = run(program, "help", "simulate").stdout
check(all(each in explained for each in ("--cluster", "--link-cost", "--failure", "--mtbf", "--wire", "--max-alone")), explained)
