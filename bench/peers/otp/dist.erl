%% The distribution benchmark in Erlang: what bench/dist/actors.ts and bench/dist/joins.ts do, message for message.
-module(dist).
-export([main/1, target/0, client/1, sink/2, echo/0, answer_once/1, nothing/0, value/1, crowd/2, watcher/1, holds/1]).

%% Reads the name of a measurement from a line and answers with a line of JSON, until the input ends.
main([Peer]) ->
    Node = list_to_atom(Peer),
    connect(Node, 200),
    io:format("ready~n"),
    loop(Node).

loop(Node) ->
    case io:get_line("") of
        eof -> halt();
        Line ->
            Values = values(string:trim(Line), Node),
            Pairs = lists:join(",", [io_lib:format("\"~s\":~p", [K, float(V)]) || {K, V} <- Values]),
            io:format("{\"measured\":~p,\"values\":{~s}}~n", [string:trim(Line), Pairs]),
            loop(Node)
    end.

connect(_, 0) -> halt(1);
connect(Node, N) ->
    case net_kernel:connect_node(Node) of
        true -> ok;
        _ -> receive after 25 -> connect(Node, N - 1) end
    end.

values("rtt", N) ->
    Times = round_trips(N, 5000),
    [{"rtt.p50_us", lists:nth(2500, Times)}, {"rtt.p99_us", lists:nth(4950, Times)}];
values(Name, N) -> [{Name, value(Name, N)}].

value("flood.small", N) -> flood(N, small, 300000);
value("flood.record", N) -> flood(N, record, 200000);
value("flood.b1k", N) -> flood(N, b1k, 50000);
value("flood.b64k", N) -> flood(N, b64k, 2000);
value("flood.16x16", N) -> floods(N, 16, 20000);
value("rtt_loaded.p99_us", N) -> loaded_round_trips(N);
value("small_behind_large_ms", N) -> small_behind_large(N, 200000000);
value("pingpong.100pairs", N) -> ping_pongs(N, 100, 500);
value("spawn_reply", N) -> in_turn(10000, fun() -> spawn_reply(N) end);
value("spawn_concurrent", N) -> at_once(40000, 1000, fun() -> spawn_reply(N) end);
value("spawn_monitor_down", N) -> in_turn(10000, fun() -> spawn_monitor_down(N) end);
value("rpc", N) -> in_turn(10000, fun() -> 1 = erpc:call(N, dist, value, [1]) end);
value("rpc_concurrent", N) ->
    at_once(40000, 1000, fun() -> 1 = erpc:call(N, dist, value, [1]) end);
value("connect_ms", N) -> connect_ms(N).

message(small, N) -> {m, N};
message(record, N) ->
    #{type => payment, account => account(N rem 100), amount => N, currency => <<"EUR">>,
      ts => 1700000000000 + N};
message(b1k, _) -> binary:copy(<<0>>, 1024);
message(b64k, _) -> binary:copy(<<0>>, 65536).

account(N) -> <<"acc-", (integer_to_binary(N))/binary>>.

sink(0, To) -> To ! done;
sink(N, To) -> receive _ -> sink(N - 1, To) end.

source(_, N, N, _) -> ok;
source(Kind, I, N, To) -> To ! message(Kind, I), source(Kind, I + 1, N, To).

echo() -> receive {From, N} -> From ! N, echo() end.

answer_once(To) -> To ! here.

nothing() -> ok.

value(N) -> N.

flood(Node, Kind, Count) ->
    To = spawn(Node, dist, sink, [Count, self()]),
    Start = now_us(),
    spawn(fun() -> source(Kind, 0, Count, To) end),
    receive done -> ok end,
    Count * 1.0e6 / (now_us() - Start).

floods(Node, Pairs, Count) ->
    Sinks = [spawn(Node, dist, sink, [Count, self()]) || _ <- lists:seq(1, Pairs)],
    Start = now_us(),
    [spawn(fun() -> source(small, 0, Count, To) end) || To <- Sinks],
    [receive done -> ok end || _ <- Sinks],
    Pairs * Count * 1.0e6 / (now_us() - Start).

round_trips(Node, Count) -> round_trips(Node, Count, 1 bsl 60).

%% So many, or as many as there are in so long.
round_trips(Node, Count, ForUs) ->
    To = spawn(Node, dist, echo, []),
    Times = round_trips(To, Count, now_us() + ForUs, []),
    exit(To, kill),
    lists:sort(Times).

round_trips(_, 0, _, Times) -> Times;
round_trips(To, N, Until, Times) ->
    case now_us() < Until of
        false -> Times;
        true ->
            Start = erlang:monotonic_time(nanosecond),
            To ! {self(), N},
            receive N -> ok end,
            Time = (erlang:monotonic_time(nanosecond) - Start) / 1000,
            round_trips(To, N - 1, Until, [Time | Times])
    end.

loaded_round_trips(Node) ->
    To = spawn(Node, dist, sink, [1 bsl 60, self()]),
    From = spawn(fun() -> source(b64k, 0, 1 bsl 60, To) end),
    Times = round_trips(Node, 1000, 1500000),
    exit(From, kill),
    exit(To, kill),
    lists:nth(length(Times) * 99 div 100 + 1, Times).

small_behind_large(Node, Bytes) ->
    To = spawn(Node, dist, sink, [1, self()]),
    Near = spawn(Node, dist, echo, []),
    Binary = binary:copy(<<0>>, Bytes),
    Self = self(),
    Unloaded = one_round_trip(Near),
    spawn(fun() -> Self ! sent, To ! Binary end),
    receive sent -> ok end,
    erlang:yield(),
    Loaded = one_round_trip(Near),
    receive done -> ok end,
    exit(Near, kill),
    (Loaded - Unloaded) / 1000.

one_round_trip(To) ->
    Start = now_us(),
    To ! {self(), 1},
    receive 1 -> ok end,
    now_us() - Start.

ping_pongs(Node, Pairs, Rounds) ->
    Echoes = [spawn(Node, dist, echo, []) || _ <- lists:seq(1, Pairs)],
    Self = self(),
    Start = now_us(),
    [spawn(fun() -> play(To, Rounds), Self ! done end) || To <- Echoes],
    [receive done -> ok end || _ <- Echoes],
    Rate = Pairs * Rounds * 1.0e6 / (now_us() - Start),
    [exit(To, kill) || To <- Echoes],
    Rate.

play(_, 0) -> ok;
play(To, N) -> To ! {self(), N}, receive N -> play(To, N - 1) end.

spawn_reply(Node) ->
    spawn(Node, dist, answer_once, [self()]),
    receive here -> ok end.

spawn_monitor_down(Node) ->
    {_, Ref} = spawn_monitor(Node, dist, nothing, []),
    receive {'DOWN', Ref, process, _, _} -> ok end.

in_turn(Count, Fun) ->
    Start = now_us(),
    [Fun() || _ <- lists:seq(1, Count)],
    Count * 1.0e6 / (now_us() - Start).

at_once(Total, Width, Fun) ->
    Self = self(),
    Start = now_us(),
    [begin
        [spawn(fun() -> Fun(), Self ! one_done end) || _ <- lists:seq(1, Width)],
        [receive one_done -> ok end || _ <- lists:seq(1, Width)]
    end || _ <- lists:seq(1, Total div Width)],
    Total * 1.0e6 / (now_us() - Start).

now_us() -> erlang:monotonic_time(microsecond).

%% From dial to nodeup, the middle of 15.
connect_ms(Node) ->
    net_kernel:monitor_nodes(true),
    flush(),
    Times = [begin
        net_kernel:disconnect(Node),
        receive {nodedown, Node} -> ok end,
        receive after 30 -> ok end,
        Start = now_us(),
        true = net_kernel:connect_node(Node),
        receive {nodeup, Node} -> ok end,
        (now_us() - Start) / 1000
    end || _ <- lists:seq(1, 15)],
    net_kernel:monitor_nodes(false),
    lists:nth(8, lists:sort(Times)).

flush() -> receive _ -> flush() after 0 -> ok end.

%% A node that joins and leaves another for a second, again and again; says how often.
client([Peer]) ->
    Node = list_to_atom(Peer),
    net_kernel:monitor_nodes(true),
    connect(Node, 200),
    io:format("ready~n"),
    client_loop(Node).

client_loop(Node) ->
    case io:get_line("") of
        eof -> halt();
        _ ->
            flush(),
            net_kernel:disconnect(Node),
            Count = join_and_leave(Node, now_us() + 2000000, 0),
            io:format("{\"measured\":\"joins\",\"values\":{\"joins\":~p}}~n", [Count / 2]),
            client_loop(Node)
    end.

join_and_leave(Node, Until, Count) ->
    case now_us() < Until of
        false -> Count;
        true ->
            Joined = net_kernel:connect_node(Node),
            net_kernel:disconnect(Node),
            join_and_leave(Node, Until, case Joined of true -> Count + 1; _ -> Count end)
    end.

%% Says when nodes come and go, in ms since 1970.
target() ->
    net_kernel:monitor_nodes(true),
    io:format("ready~n"),
    target_loop().

target_loop() ->
    receive
        {What, Node} ->
            io:format("{\"what\":\"~s\",\"peer\":\"~s\",\"at\":~p}~n", [What, Node, now_ms()]),
            target_loop()
    end.

now_ms() -> erlang:system_time(microsecond) / 1000.

%% Connects and says when nodes come and go.
watcher([Peer]) ->
    net_kernel:monitor_nodes(true),
    connect(list_to_atom(Peer), 200),
    io:format("ready~n"),
    target_loop().

%% 100,000 monitors or links with processes of another node, and when the last of them fired after its death.
holds([Kind, Peer]) ->
    Node = list_to_atom(Peer),
    process_flag(trap_exit, true),
    connect(Node, 200),
    io:format("ready~n"),
    Count = 100000,
    spawn(Node, dist, crowd, [Count, self()]),
    Pids = receive {crowd, All} -> All end,
    io:format("met~n"),
    receive after 500 -> ok end,
    [case Kind of "monitors" -> erlang:monitor(process, Pid); "links" -> link(Pid) end || Pid <- Pids],
    1 = erpc:call(Node, dist, value, [1]),
    io:format("holding~n"),
    [receive {_, _, process, _, noconnection} -> ok; {'EXIT', _, noconnection} -> ok end || _ <- Pids],
    io:format("{\"what\":\"last\",\"at\":~p}~n", [now_ms()]),
    receive stop -> ok end.

crowd(Count, To) ->
    Pids = [spawn(fun() -> receive stop -> ok end end) || _ <- lists:seq(1, Count)],
    To ! {crowd, Pids},
    receive stop -> ok end.
