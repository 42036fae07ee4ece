import java.io.File;
import org.HdrHistogram.EncodableHistogram;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramIterationValue;
import org.HdrHistogram.HistogramLogReader;

/** Reads a log with HdrHistogram's own reader; prints a line an interval: tag, start, end, and the counters by their upper edges. */
class ReadLog {
    public static void main(String[] arguments) throws Exception {
        HistogramLogReader reader = new HistogramLogReader(new File(arguments[0]));
        for (EncodableHistogram next; (next = reader.nextIntervalHistogram()) != null; ) {
            Histogram histogram = (Histogram) next;
            StringBuilder line = new StringBuilder(histogram.getTag());
            line.append(' ').append(histogram.getStartTimeStamp()).append(' ').append(histogram.getEndTimeStamp());
            for (HistogramIterationValue step : histogram.recordedValues()) {
                line.append(' ').append(step.getValueIteratedTo()).append(':').append(step.getCountAddedInThisIterationStep());
            }
            System.out.println(line);
        }
    }
}
