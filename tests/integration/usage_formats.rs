//! Every format of usage logs, by small invented examples whose records are arithmetic.

use tollcast::billing::Usage;
use tollcast::domain::money::Usd;
use tollcast::domain::time::{Instant, parse_ms};
use tollcast::usage::read::{Field, Format, Options, ReadError, Reading, Reason, read};
use tollcast::usage::{Billed, Record};

/// What the readers make of a text, with its account checked.
pub fn read_with(text: impl AsRef<[u8]>, options: &Options) -> Result<(Reading, Vec<Record>), ReadError> {
    let mut records = Vec::new();
    let bytes = text.as_ref().to_vec();
    let reading = read("log", Box::new(std::io::Cursor::new(bytes)), options, &mut |record| {
        records.push(record);
    })?;
    assert_eq!(reading.used + reading.unused(), reading.rows);
    assert_eq!(reading.used, records.len() as u64);
    Ok((reading, records))
}

pub fn read_text(text: impl AsRef<[u8]>) -> (Reading, Vec<Record>) {
    read_with(text, &Options::default()).unwrap_or_else(|error| panic!("{error}"))
}

pub fn refused(text: impl AsRef<[u8]>, options: &Options) -> String {
    match read_with(text, options) {
        Err(ReadError::Input(problems)) => problems.to_string(),
        Err(ReadError::Io(error)) => panic!("an I/O error: {error}"),
        Ok((reading, _)) => panic!("read: {reading:?}"),
    }
}

pub fn aside(reading: &Reading) -> Vec<(Reason, u64)> {
    reading.set_aside.iter().map(|aside| (aside.reason, aside.rows)).collect()
}

fn ms(text: &str) -> i64 {
    parse_ms(text).unwrap().ms
}

fn usd(micros: i64) -> Usd {
    Usd::from_micro_usd(micros)
}

fn paid(micros: i64) -> Option<Billed> {
    Some(Billed { amount: usd(micros), own_key: false })
}

fn said(reading: &Reading, words: &str) -> bool {
    reading.remarks.iter().any(|remark| remark.contains(words))
}

#[test]
fn a_plain_table_is_read_by_its_usual_names() {
    let (reading, records) = read_text(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.9951690,396,109\n",
    );
    assert_eq!(reading.format, Format::Plain);
    assert_eq!(records.len(), 2);
    assert_eq!(records[1].row, 2);
    assert_eq!(records[0].at_ms, ms("2023-11-16T18:15:46.680Z"));
    assert_eq!(records[0].usage, Usage { input: 374, output: 44, ..Usage::NONE });
    assert_eq!(records[0].requests, 1);
    assert!(said(&reading, "Times without a zone are taken as UTC (2 rows)"));
    assert_eq!((reading.first_ms, reading.last_ms), (Some(records[0].at_ms), Some(records[1].at_ms)));
}

#[test]
fn relative_seconds_begin_at_the_epoch_and_five_minutes_of_cache_are_preferred() {
    let options = Options { epoch: Instant::parse("2026-01-01").unwrap(), ..Options::default() };
    let log = "session,turn,time_s,input_tokens,cached_tokens_ttl_1h,cached_tokens_ttl_5m,output_tokens,latency_s\n\
               a,0,0.000,700,0,0,16,7.340\na,1,19.5,720,710,700,29,9.19\n";
    let (reading, records) = read_with(log, &options).unwrap();
    assert_eq!(records[1].at_ms, ms("2026-01-01T00:00:19.5Z"));
    assert_eq!(records[1].usage, Usage { input: 720, cached: 700, output: 29, ..Usage::NONE });
    assert_eq!((records[0].latency_ms, records[0].session.as_deref()), (Some(7_340), Some("a")));
    assert!(said(&reading, "taken from `cached_tokens_ttl_5m`") && said(&reading, "--epoch"));
    let (_, records) = read_text("ts,inp,out,cached_inf,cached_10m,cached_5m\n0.0,7322,490,600,550,512\n");
    assert_eq!(records[0].usage.cached, 512);
}

#[test]
fn columns_of_a_plain_table_can_be_named() {
    let options = Options {
        columns: vec![
            (Field::Time, "when".to_owned()),
            (Field::Uncached, "fresh".to_owned()),
            (Field::Cached, "reused".to_owned()),
            (Field::Output, "answer".to_owned()),
        ],
        ..Options::default()
    };
    let (_, records) = read_with("when,fresh,reused,answer\n2026-01-01,10,90,5\n", &options).unwrap();
    assert_eq!(records[0].usage, Usage { input: 100, cached: 90, output: 5, ..Usage::NONE });
    let message = refused("when,fresh,answer\n2026-01-01,10,5\n", &options);
    assert!(message.contains("no column `reused`") && message.contains("when, fresh, answer"), "{message}");
}

#[test]
fn a_plain_row_may_sum_up_requests_and_say_what_they_cost() {
    let (_, records) = read_text(
        "date;model;input_tokens;output_tokens;requests;cost;tier;provider\n2026-03-01;gpt-x;1000;200;4;0.25;default;azure.ai.openai\n",
    );
    let record = &records[0];
    assert_eq!((record.requests, record.billed), (4, paid(250_000)));
    assert_eq!(record.model.as_deref(), Some("gpt-x"));
    assert_eq!((record.tier.as_deref(), record.provider.as_deref()), (Some("standard"), Some("azure")));
}

#[test]
fn plain_objects_are_read_like_lines() {
    let (reading, records) = read_text(
        "{\"ts\":1700000000,\"input_tokens\":5,\"output_tokens\":7}\n{\"ts\":1700000001123,\"input_tokens\":6,\"output_tokens\":8}\n",
    );
    assert_eq!(reading.format, Format::Plain);
    assert_eq!(records[1].at_ms, 1_700_000_001_123);
    assert_eq!(records[1].usage, Usage { input: 6, output: 8, ..Usage::NONE });
}

const LITELLM: &str = "request_id,call_type,spend,total_tokens,prompt_tokens,completion_tokens,startTime,endTime,completionStartTime,model,custom_llm_provider,cache_hit,session_id,status,metadata\n";

#[test]
fn litellm_finds_cached_tokens_in_its_metadata() {
    let log = format!(
        "{LITELLM}r1,acompletion,0.0123,1200,1000,200,2026-03-01T10:00:00.000Z,2026-03-01T10:00:02.500Z,2026-03-01T10:00:00.400Z,gpt-x,azure,False,s1,success,\"{{\"\"usage_object\"\": {{\"\"prompt_tokens_details\"\": {{\"\"cached_tokens\"\": 600}}, \"\"completion_tokens_details\"\": {{\"\"reasoning_tokens\"\": 150}}, \"\"cache_creation_input_tokens\"\": 100}}}}\"\n\
         r2,acompletion,0,1200,1000,200,2026-03-01T10:00:03Z,2026-03-01T10:00:03Z,,gpt-x,azure,True,s1,success,\n\
         r3,acompletion,0,0,0,0,2026-03-01T10:00:04Z,2026-03-01T10:00:05Z,,gpt-x,azure,,s1,failure,{{}}\n\
         r1,acompletion,0.0123,1200,1000,200,2026-03-01T10:00:00.000Z,,,gpt-x,azure,False,s1,success,\n"
    );
    let (reading, records) = read_text(&log);
    assert_eq!(reading.format, Format::LiteLlm);
    assert_eq!(aside(&reading), [(Reason::OwnCache, 1), (Reason::Duplicate, 1)]);
    assert_eq!(reading.faulty(), 0);
    let record = &records[0];
    let usage = Usage { input: 1000, cached: 600, written: 100, output: 200, reasoning: 150, ..Usage::NONE };
    assert_eq!(record.usage, usage);
    assert_eq!((record.billed, record.provider.as_deref()), (paid(12_300), Some("azure")));
    assert_eq!((record.latency_ms, record.first_token_ms), (Some(2_500), Some(400)));
    assert!(records[1].failed && !record.failed);
    assert_eq!(record.session.as_deref(), Some("s1"));
}

#[test]
fn litellm_lines_of_json_and_daily_sums_are_read_too() {
    let line = r#"{"request_id":"a","call_type":"x","spend":0.5,"prompt_tokens":10,"completion_tokens":2,"startTime":"2026-03-01T10:00:00+01:00","model":"m","metadata":{"usage_object":{"cache_read_input_tokens":4}}}"#;
    let (_, records) = read_text(line);
    assert_eq!(records[0].usage, Usage { input: 10, cached: 4, output: 2, ..Usage::NONE });
    assert_eq!(records[0].at_ms, ms("2026-03-01T09:00:00Z"));
    let (reading, records) = read_text(
        "date,model,custom_llm_provider,prompt_tokens,completion_tokens,cache_read_input_tokens,cache_creation_input_tokens,spend,api_requests\n\
         2026-03-01,m,anthropic,1000,50,700,100,1.5,20\n",
    );
    assert_eq!((reading.sums, records[0].span_ms, records[0].requests), (1, Some(86_400_000), 20));
    let usage = Usage { input: 1000, cached: 700, written: 100, output: 50, ..Usage::NONE };
    assert_eq!((records[0].usage, records[0].billed), (usage, paid(1_500_000)));
}

fn attribute(key: &str, value: &str) -> String {
    format!(r#"{{"key":"{key}","value":{value}}}"#)
}

fn span(id: &str, attributes: &[(&str, &str)]) -> String {
    let list: Vec<String> = attributes.iter().map(|(key, value)| attribute(key, value)).collect();
    format!(
        r#"{{"traceId":"t","spanId":"{id}","startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000001500000000","attributes":[{}]}}"#,
        list.join(",")
    )
}

#[test]
fn spans_count_cached_tokens_inside_and_agents_not_at_all() {
    let call = span(
        "1",
        &[
            ("gen_ai.operation.name", r#"{"stringValue":"chat"}"#),
            ("gen_ai.provider.name", r#"{"stringValue":"azure.ai.openai"}"#),
            ("gen_ai.request.model", r#"{"stringValue":"asked"}"#),
            ("gen_ai.response.model", r#"{"stringValue":"given"}"#),
            ("gen_ai.usage.input_tokens", r#"{"intValue":"1000"}"#),
            ("gen_ai.usage.cache_read.input_tokens", r#"{"intValue":600}"#),
            ("gen_ai.usage.cache_creation.input_tokens", r#"{"intValue":"100"}"#),
            ("gen_ai.usage.output_tokens", r#"{"intValue":"50"}"#),
            ("gen_ai.usage.reasoning.output_tokens", r#"{"intValue":"20"}"#),
            ("gen_ai.conversation.id", r#"{"stringValue":"c"}"#),
            ("gen_ai.response.time_to_first_chunk", r#"{"doubleValue":0.25}"#),
            ("openai.response.service_tier", r#"{"stringValue":"flex"}"#),
        ],
    );
    let agent = span(
        "2",
        &[
            ("gen_ai.operation.name", r#"{"stringValue":"invoke_agent"}"#),
            ("gen_ai.usage.input_tokens", r#"{"intValue":"1000"}"#),
        ],
    );
    let old = span(
        "3",
        &[
            ("gen_ai.system", r#"{"stringValue":"gcp.gemini"}"#),
            ("gen_ai.request.model", r#"{"stringValue":"g"}"#),
            ("gen_ai.usage.prompt_tokens", r#"{"intValue":"7"}"#),
            ("gen_ai.usage.completion_tokens", r#"{"intValue":"3"}"#),
        ],
    );
    let batch =
        format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{call},{agent},{old},{call}]}}]}}]}}"#);
    let (reading, records) = read_text(format!("{batch}\n"));
    assert_eq!(reading.format, Format::OpenTelemetry);
    assert_eq!(aside(&reading), [(Reason::NotARequest, 1), (Reason::Duplicate, 1)]);
    let usage = Usage { input: 1000, cached: 600, written: 100, output: 50, reasoning: 20, ..Usage::NONE };
    assert_eq!(records[0].usage, usage);
    assert_eq!(records[0].at_ms, 1_700_000_000_000);
    assert_eq!((records[0].latency_ms, records[0].first_token_ms), (Some(1_500), Some(250)));
    assert_eq!((records[0].model.as_deref(), records[0].provider.as_deref()), (Some("given"), Some("azure")));
    assert_eq!((records[0].tier.as_deref(), records[0].session.as_deref()), (Some("flex"), Some("c")));
    assert_eq!((records[1].provider.as_deref(), records[1].usage.input), (Some("google"), 7));
}

#[test]
fn openai_pages_count_cached_tokens_inside_the_input() {
    let page = |start: i64| {
        format!(
            r#"{{"object":"page","data":[{{"object":"bucket","start_time":{start},"end_time":{},"results":[
              {{"object":"r","input_tokens":1000,"input_cached_tokens":800,"output_tokens":50,"input_audio_tokens":0,"num_model_requests":5,"model":"gpt-x","batch":false,"service_tier":"default"}},
              {{"object":"r","input_tokens":10,"output_tokens":5,"num_model_requests":1,"model":null,"batch":true,"service_tier":null}}]}},
              {{"object":"bucket","start_time":{},"end_time":{},"results":[]}}],"has_more":false}}"#,
            start + 86_400,
            start + 86_400,
            start + 172_800
        )
    };
    let text = format!("{}\n{}", page(1_700_000_000), page(1_700_172_800));
    for text in [text.clone(), format!("[{},\n{}]", page(1_700_000_000), page(1_700_172_800))] {
        let (reading, records) = read_text(&text);
        assert_eq!((reading.format, reading.rows, reading.used), (Format::OpenAiUsage, 4, 4));
        let usage = Usage { input: 1000, cached: 800, output: 50, ..Usage::NONE };
        assert_eq!((records[0].usage, records[0].requests), (usage, 5));
        assert_eq!((records[0].at_ms, records[0].span_ms), (1_700_000_000_000, Some(86_400_000)));
        assert_eq!(records[0].tier.as_deref(), Some("standard"));
        assert_eq!((records[1].tier.as_deref(), records[1].model.as_deref()), (Some("batch"), None));
        assert!(said(&reading, "No model is named (2 rows)"));
    }
    assert!(!Format::OpenAiUsage.sees_requests() && Format::LiteLlm.sees_requests());
}

#[test]
fn a_page_that_was_fetched_twice_counts_once() {
    let page = r#"{"object":"page","data":[{"start_time":1700000000,"end_time":1700003600,"results":[{"object":"organization.usage.embeddings.result","input_tokens":10,"num_model_requests":1,"model":"a"},{"object":"organization.usage.completions.result","input_tokens":10,"output_tokens":5,"num_model_requests":1,"model":"a"}]}]}"#;
    let (reading, records) = read_text(format!("{page}\n{page}\n"));
    assert_eq!((reading.used, aside(&reading)), (2, vec![(Reason::Duplicate, 2)]));
    assert_eq!((records[0].usage.output, records[1].usage.output), (0, 5));
}

#[test]
fn the_dashboard_s_export_may_hold_nothing() {
    let (reading, records) = read_text(
        "start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,model,batch,service_tier,input_tokens,output_tokens,input_cached_tokens,input_uncached_tokens\n\
         1700000000,1700000060,2023-11-14T22:13:20Z,2023-11-14T22:14:20Z,p,3,gpt-x,False,flex-tier,100,20,60,40\n",
    );
    assert_eq!(reading.format, Format::OpenAiCsv);
    assert_eq!(records[0].usage, Usage { input: 100, cached: 60, output: 20, ..Usage::NONE });
    assert_eq!((records[0].span_ms, records[0].tier.as_deref()), (Some(60_000), Some("flex")));
    let (reading, _) = read_text("start_time,end_time,start_time_iso,end_time_iso\n");
    assert_eq!((reading.format, reading.rows), (Format::OpenAiCsv, 0));
    assert!(said(&reading, "holds no rows"));
}

#[test]
fn cached_tokens_of_anthropic_stand_beside_input() {
    let result = |cache: &str| {
        format!(
            r#"{{"data":[{{"starting_at":"2026-03-01T00:00:00Z","ending_at":"2026-03-02T00:00:00Z","results":[{{"uncached_input_tokens":100,"cache_read_input_tokens":700,{cache},"output_tokens":50,"model":"claude-x","service_tier":"batch","context_window":"0-200k"}}]}}],"has_more":false}}"#
        )
    };
    let usage = Usage { input: 1000, cached: 700, written: 150, written_1h: 50, output: 50, ..Usage::NONE };
    for cache in [
        r#""cache_creation":{"ephemeral_5m_input_tokens":150,"ephemeral_1h_input_tokens":50}"#,
        r#""cache_creation_5m_input_tokens":150,"cache_creation_1h_input_tokens":50"#,
    ] {
        let (reading, records) = read_text(result(cache));
        assert_eq!(reading.format, Format::Anthropic);
        assert_eq!((records[0].usage, records[0].tier.as_deref()), (usage, Some("batch")));
        assert_eq!(records[0].span_ms, Some(86_400_000));
        assert_eq!(records[0].provider.as_deref(), Some("anthropic"));
    }
}

#[test]
fn openrouter_tells_own_keys_apart() {
    let (reading, records) = read_text(
        "generation_id,created_at,cost_total,byok_usage_inference,tokens_prompt,tokens_completion,tokens_reasoning,tokens_cached,model_permaslug,provider_name,variant,cancelled,generation_time_ms,time_to_first_token_ms\n\
         g1,2026-09-01 12:00:00,0.02,0,1000,200,150,600,a/b,P,standard,false,1500,300\n\
         g2,2026-09-01 12:00:01,0.001,0.02,1000,200,0,0,a/b,P,free,false,1500,300\n",
    );
    assert_eq!(reading.format, Format::OpenRouter);
    let usage = Usage { input: 1000, cached: 600, output: 200, reasoning: 150, ..Usage::NONE };
    assert_eq!((records[0].usage, records[0].billed), (usage, paid(20_000)));
    assert_eq!(records[1].billed, Some(Billed { amount: usd(20_000), own_key: true }));
    assert_eq!((records[0].model.as_deref(), records[1].model.as_deref()), (Some("a/b"), Some("a/b:free")));
    assert_eq!((records[0].latency_ms, records[0].first_token_ms), (Some(1_500), Some(300)));
}

#[test]
fn langfuse_shows_by_its_total_whether_parts_overlap() {
    let row = |id: &str, kind: &str, details: &str| {
        format!(
            r#"{{"id":"{id}","type":"{kind}","start_time":"2026-03-01T00:00:00Z","end_time":"2026-03-01T00:00:02Z","completion_start_time":"2026-03-01T00:00:01Z","provided_model_name":"m","usage_details":{},"total_cost":"0.5","session_id":"s"}}"#,
            details.replace('\'', "\"")
        )
    };
    let beside =
        "{'input':400,'input_cached_tokens':600,'output':50,'output_reasoning_tokens':30,'total':1080}";
    let inside = "{'input':1000,'input_cached_tokens':600,'output':80,'reasoning_tokens':30,'total':1080}";
    let mixed = "{'input':400,'input_cached_tokens':600,'output':80,'reasoning_tokens':30,'total':1080}";
    let untold = "{'input':400,'input_cached_tokens':600,'output':50,'reasoning_tokens':30}";
    let rows = [
        row("1", "GENERATION", beside),
        row("2", "SPAN", "{}"),
        row("3", "GENERATION", inside),
        row("4", "GENERATION", mixed),
        row("5", "GENERATION", untold),
    ];
    let log = rows.join("\n");
    let (reading, records) = read_text(log);
    assert_eq!((reading.format, aside(&reading)), (Format::Langfuse, vec![(Reason::NotARequest, 1)]));
    let usage = Usage { input: 1000, cached: 600, output: 80, reasoning: 30, ..Usage::NONE };
    assert!(records.iter().all(|record| record.usage == usage), "{records:?}");
    assert_eq!(records.len(), 4);
    assert_eq!((records[0].latency_ms, records[0].first_token_ms), (Some(2_000), Some(1_000)));
    assert_eq!((records[0].billed, records[0].session.as_deref()), (paid(500_000), Some("s")));
    let (_, records) = read_text(
        "id,type,start_time,end_time,provided_model_name,usage_details,total_cost\na,GENERATION,2026-03-01 00:00:00,,m,\"{\"\"input\"\":5,\"\"output\"\":6}\",\n",
    );
    assert_eq!(records[0].usage, Usage { input: 5, output: 6, ..Usage::NONE });
}

#[test]
fn helicone_knows_no_cached_tokens() {
    let (reading, records) = read_text(
        "response_id,response_created_at,response_status,request_created_at,request_body,model,prompt_tokens,completion_tokens,latency,cost\n\
         a,2026-03-01T00:00:02Z,200,2026-03-01T00:00:00Z,secret,m,100,20,1500,0.25\n\
         b,2026-03-01T00:00:02Z,429,2026-03-01T00:00:00Z,secret,m,,,1500,\n",
    );
    assert_eq!(reading.format, Format::Helicone);
    assert_eq!(records[0].usage, Usage { input: 100, output: 20, ..Usage::NONE });
    assert_eq!((records[0].latency_ms, records[0].billed), (Some(1_500), paid(250_000)));
    assert!(
        records[1].failed
            && said(&reading, "Nothing is said about cached tokens, which are taken as none (2 rows)")
    );
}

#[test]
fn cached_tokens_of_bedrock_stand_beside_input() {
    let call = |id: &str, model: &str, more: &str| {
        format!(
            r#"{{"schemaType":"ModelInvocationLog","timestamp":"2026-03-01T00:00:00Z","region":"eu-central-1","requestId":"{id}","operation":"Converse","modelId":"{model}","input":{{"inputTokenCount":100,"cacheReadInputTokenCount":700,"cacheWriteInputTokenCount":200}},"output":{{"outputTokenCount":50}}{more}}}"#
        )
    };
    let arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/global.maker.model-v1:0";
    let log = format!(
        "{}\n{}\n{}\n",
        call("1", "maker.model-v1:0", ""),
        call("2", arn, r#","errorCode":"ThrottlingException""#),
        call("1", "maker.model-v1:0", "")
    );
    let (reading, records) = read_text(log);
    assert_eq!((reading.format, aside(&reading)), (Format::Bedrock, vec![(Reason::Duplicate, 1)]));
    let usage = Usage { input: 1000, cached: 700, written: 200, output: 50, ..Usage::NONE };
    assert_eq!((records[0].usage, records[0].region.as_deref()), (usage, Some("eu")));
    assert_eq!(records[1].model.as_deref(), Some("global.maker.model-v1:0"));
    assert_eq!((records[1].region.as_deref(), records[1].failed), (Some("global"), true));
}

#[test]
fn azure_rows_bill_one_direction_each() {
    let (reading, records) = read_text(
        "Date,MeterCategory,MeterName,UnitOfMeasure,Quantity,CostInBillingCurrency,BillingCurrencyCode,ChargeType,ResourceLocation\n\
         11/16/2026,Foundry Models,5.4 cd inp Dz 1M Tokens,1M,12.345678,3.5,USD,Usage,EU West\n\
         2026-11-17,Foundry Models,5.4 pp opt Gl 1M Tokens,1M,0.5,3.5,EUR,Usage,eastus\n\
         2026-11-17,Storage,Hot LRS Data Stored,1 GB,5,3.5,EUR,Usage,eastus\n\
         2026-11-17,Foundry Models,5.4 opt Gl 1M Tokens,1M,5,-3.5,EUR,Refund,eastus\n",
    );
    assert_eq!((reading.format, aside(&reading)), (Format::AzureCost, vec![(Reason::NotARequest, 2)]));
    let usage = Usage { input: 12_345_678, cached: 12_345_678, ..Usage::NONE };
    assert_eq!((records[0].usage, records[0].billed), (usage, paid(3_500_000)));
    assert_eq!((records[0].at_ms, records[0].span_ms), (ms("2026-11-16"), Some(86_400_000)));
    assert_eq!(
        (records[0].model.as_deref(), records[0].region.as_deref()),
        (Some("gpt-5.4"), Some("datazone-eu"))
    );
    assert_eq!(records[1].usage, Usage { output: 500_000, ..Usage::NONE });
    assert_eq!((records[1].tier.as_deref(), records[1].billed), (Some("priority"), None));
    assert!(said(&reading, "another currency than US dollars are left out (1 row)"));
}

#[test]
fn claude_code_keeps_the_last_of_repeated_answers() {
    let line = |id: &str, output: u64, kind: &str| {
        format!(
            r#"{{"type":"{kind}","sessionId":"s","requestId":"r","timestamp":"2026-03-01T00:00:00.000Z","message":{{"id":"{id}","role":"assistant","model":"claude-x","content":[{{"type":"text","text":"secret"}}],"usage":{{"input_tokens":100,"cache_creation_input_tokens":200,"cache_read_input_tokens":700,"output_tokens":{output},"service_tier":"standard","cache_creation":{{"ephemeral_5m_input_tokens":150,"ephemeral_1h_input_tokens":50}}}}}}}}"#
        )
    };
    let log = [
        r#"{"type":"summary","leafUuid":"x","summary":"secret"}"#.to_owned(),
        line("m1", 5, "assistant"),
        line("m2", 9, "assistant"),
        line("m1", 50, "assistant"),
        line("m1", 20, "assistant"),
        line("m3", 1, "user"),
    ]
    .join("\n");
    let (reading, records) = read_text(log);
    assert_eq!(reading.format, Format::ClaudeCode);
    assert_eq!(aside(&reading), [(Reason::NotARequest, 2), (Reason::Duplicate, 2)]);
    assert_eq!(records.iter().map(|record| record.row).collect::<Vec<_>>(), [4, 3]);
    let usage = Usage { input: 1000, cached: 700, written: 150, written_1h: 50, output: 50, ..Usage::NONE };
    assert_eq!((records[0].usage, records[0].session.as_deref()), (usage, Some("s")));
    assert!(reading.set_aside.iter().all(|aside| !aside.example.contains("secret")));
}

#[test]
fn claude_code_finds_duplicates_far_apart() {
    let line = |id: u64| {
        format!(
            r#"{{"type":"assistant","sessionId":"s","requestId":"r{id}","timestamp":"2026-03-01T00:00:00Z","message":{{"id":"m{id}","model":"x","usage":{{"input_tokens":1,"output_tokens":2}}}}}}"#
        )
    };
    let mut lines: Vec<String> = (0..3_000).map(line).collect();
    lines.push(line(0));
    let (reading, records) = read_text(lines.join("\n"));
    assert_eq!((reading.rows, records.len(), aside(&reading)), (3_001, 3_000, vec![(Reason::Duplicate, 1)]));
    assert!(records.iter().zip(1..).all(|(record, row)| record.row == row));
}

#[test]
fn focus_tells_tokens_by_its_own_columns_or_its_meter() {
    let (reading, records) = read_text(
        "BilledCost,BillingCurrency,ChargeCategory,ChargePeriodStart,ChargePeriodEnd,ProviderName,ConsumedQuantity,ConsumedUnit,SkuMeter,ChargeDescription,x_Model,x_InputTokens,x_OutputTokens,x_CachedTokens\n\
         2.5,USD,Usage,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,Microsoft,,,,,m,1000,50,600\n\
         2.5,USD,Usage,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,AWS,1500,Tokens,Cached input,,m,,,\n\
         2.5,EUR,Usage,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,AWS,1.5,1K tokens,,model output tokens,m,,,\n\
         2.5,USD,Usage,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,AWS,1.5,1K tokens,,secret,m,,,\n\
         2.5,USD,Usage,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,AWS,1.5,GB,Input bytes,,m,,,\n\
         2.5,USD,Tax,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,AWS,,,,,,,,\n",
    );
    assert_eq!(
        (reading.format, aside(&reading)),
        (Format::Focus, vec![(Reason::Untold, 1), (Reason::NotARequest, 2)])
    );
    assert_eq!(records[0].usage, Usage { input: 1000, cached: 600, output: 50, ..Usage::NONE });
    assert_eq!((records[0].provider.as_deref(), records[0].billed), (Some("azure"), paid(2_500_000)));
    assert_eq!(records[1].usage, Usage { input: 1500, cached: 1500, ..Usage::NONE });
    assert_eq!((records[2].usage, records[2].billed), (Usage { output: 1500, ..Usage::NONE }, None));
}
